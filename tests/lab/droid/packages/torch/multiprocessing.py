"""As the real one: Python's own."""
from multiprocessing import *  # noqa: F403
