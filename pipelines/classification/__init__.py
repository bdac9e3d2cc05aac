"""One of several classes: scores, charts and baselines of every task that asks for one."""
