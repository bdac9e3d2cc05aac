"""One folder a task, each with `data.py`, `model.py` and `score.py`."""
