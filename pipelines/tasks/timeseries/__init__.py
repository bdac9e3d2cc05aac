"""Several series, each forecast `horizon` steps ahead from `lookback` steps."""
