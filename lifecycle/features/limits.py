"""What numbers and categories are brought to before anything reads them, in training and serving.

Apart from all else, so that what answers requests can read it without the tables' library.
"""

import numpy as np

LARGEST = np.float32(1e30)
"""Numbers are cut at this size, so that no later step overflows a 32-bit float."""

MISSING = ""
"""How a missing value of a category is written; the empty string means the same."""
