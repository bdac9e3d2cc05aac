"""Daily prices: the next days' returns, and their volatility."""
