"""Which functions, tables and routes does a template describe?"""
