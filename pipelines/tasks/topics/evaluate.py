"""Classes of the test texts by the trained networks, and the texts as the networks read them."""

from pipelines.text_classification.evaluate import (
    AVERAGED,
    METRICS,
    Meta,
    datasets,
    evaluate,
    head,
    illustrate,
    predictions,
    view,
)

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
