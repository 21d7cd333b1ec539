import logging

logging.getLogger().handlers[0].setFormatter(logging.Formatter("%(levelname)s: %(message)s\n"))
logging.warning("as the function wants it")
raise LookupError
