"""One folder a task, each with `source.py`, `data.py`, `model.py`, `score.py`, `figures.py` and `predict.py`."""
