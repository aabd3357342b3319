"""Data drift: how far the columns of a window are from those the version has learnt from."""
