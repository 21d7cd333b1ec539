"""What both HTTP functions share: routes behind two fronts, cross-origin access, identity, settings, event models.

Submodules are imported by name; the package itself imports nothing, so that each function loads only what it uses.
"""
