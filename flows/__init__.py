"""Prefect over DVC's graph: its stages side by side, on GPU workers, on a schedule, on several hosts.

`dvc.yaml` is the only graph and DVC the only cache: a flow asks DVC what is out of date, lets DVC run it, and stores
nothing itself. Nothing here imports TensorFlow.
"""
