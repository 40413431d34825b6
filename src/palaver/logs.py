"""What a process tells of itself goes to its standard error."""

import logging


def start(level: str) -> None:
    """Tell what is at least as grave as `level`; of some libraries only what they warn of."""
    for library in ("alembic", "httpx2"):
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s")
    logging.captureWarnings(True)
