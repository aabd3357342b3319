"""The domain of Perennial: pure code that knows no framework, network or clock."""
