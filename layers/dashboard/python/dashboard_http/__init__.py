"""What do both HTTP functions share? Routes behind two fronts, CORS, identity, event models.

Submodules are imported by name. The package itself imports nothing, so that each function loads
only what it uses.
"""
