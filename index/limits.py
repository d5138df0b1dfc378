"""How large a query may be. Saved alert rules are long, so the limits are generous; each has its own message."""

MAX_CHARACTERS = 4000
MAX_TERMS = 100
MAX_DEPTH = 20
MIN_PREFIX = 2
MAX_DISTANCE = 50
MAX_NEAR_PAIRS = 64
MAX_WORDS_IN_PHRASE = 30
