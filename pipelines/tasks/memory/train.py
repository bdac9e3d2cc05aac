"""The networks of the task: a sequence in; a number, a token at every step, or a class out."""

import keras

from pipelines.nn import layers
from pipelines.nn.datasets import WINDOW
from pipelines.nn.heads import Classifier, Head, NextToken, Regression
from pipelines.params.blocks import Model, RecurrentLayer
from pipelines.tasks.memory.data import Meta, datasets
from pipelines.tasks.memory.params import MemoryTrain
from pipelines.tasks.memory.problems import ADDING, COPY, TOKENS

__all__ = ["Meta", "build", "datasets", "head"]
CLASSES = 10


def head(meta: Meta, target: str, params: MemoryTrain) -> Head:
    """The sum, the token of every step, or the class."""
    problem = meta.targets[target].problem
    if problem == ADDING:
        return Regression(1, "mse")
    return NextToken(TOKENS) if problem == COPY else Classifier(CLASSES)


def build(model: Model, meta: Meta, target: str, head: Head) -> keras.Model:
    """`window` (batch, time, features) float32 -> (batch, 1), (batch, time, tokens) or (batch, classes)."""
    problem = meta.targets[target]
    time, features = problem.lookback, len(problem.groups or problem.features)
    if problem.problem != COPY:
        return layers.window_model(time, features, model, head, name="memory")

    def of_every_step(stack: tuple[RecurrentLayer, ...]) -> keras.Model:
        window = keras.Input((time, features), name=WINDOW)
        hidden = layers.recurrent_stack(window, stack, model)
        return keras.Model({WINDOW: window}, head.output(layers.dense(hidden, model)), name="memory")

    return layers.size_matched(of_every_step, model)
