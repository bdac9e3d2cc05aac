"""Transcripts of unseen voices by the trained networks, and how the networks come to them."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops

from pipelines.contract import Array, Dataset, Evaluation, Floats, Predictions
from pipelines.nn import inference
from pipelines.nn.heads import Head
from pipelines.nn.views import SEQUENCE, View
from pipelines.tasks.speech.data import CLEAN, HEARD, MASK, SOUND, Utterances, padded_sounds, table_of
from pipelines.tasks.speech.decoding import align, word_search, word_steps
from pipelines.tasks.speech.params import Params
from pipelines.tasks.speech.records import Alignment, Heard, Illustration, Stream, Transcribed
from pipelines.tasks.speech.score import METRICS, score, word_error_rate
from pipelines.tasks.speech.train import Meta, datasets, head

__all__ = ["AVERAGED", "METRICS", "Meta", "datasets", "evaluate", "head", "illustrate", "predictions", "view"]
AVERAGED = ()
BATCH = 128
EVERY = 0.15
"""Seconds of sound after which it is looked at again what a network writes."""
SHORTEST_WORDS, LONGEST_WORDS = 3, 6
"""Of utterances that are drawn, if there are such."""
BLANK = "·"


def predictions(
    network: keras.Model, head: Head, meta: Meta, target: str, dataset: Dataset, params: Params
) -> Predictions:
    """Logits (batch, steps, 1 + characters), from the shortest utterances to the longest."""
    return inference.predictions(network, dataset, BATCH)


def evaluate(
    prepared: Path, meta: Meta, target: str, split: str, predictions: Predictions, params: Params
) -> Evaluation:
    """Score the transcripts of a split; of the test part as it is, and the error rates in each condition beside it.

    The transcripts that count are those of the search with a model of words, if the parameters want one, else of the beam search. In the
    conditions it is the latter: what a network hears, without what it may guess.
    """
    info, examples = meta.transcript, datasets(prepared, meta, target)[split]
    decoder, steps = head(meta, target, params.train), examples.steps
    texts, greedy = [""] * len(examples), [""] * len(examples)
    clean = info.splits[split].utterances if split == "test" else len(examples)
    search = word_search(prepared, info, params.evaluate)
    worded = [""] * clean if search else []
    nll = np.zeros(clean)
    for prediction in predictions:
        frames = steps[prediction.indices]
        decoded = decoder.decode(prediction.outputs, frames, params.evaluate.beam)  # type: ignore[call-arg]
        quick = decoder.decode(prediction.outputs, frames)  # type: ignore[call-arg]
        losses = np.asarray(decoder.loss(examples.batch(prediction.indices).targets, prediction.outputs))
        for row, index in enumerate(prediction.indices.tolist()):
            texts[index], greedy[index] = info.decode(decoded[row]), info.decode(quick[row])
            if index < clean:
                nll[index] = losses[row]
                if search:
                    worded[index] = search(inference.log_probabilities(prediction.outputs[row, : frames[row]]))
    table = table_of(prepared, split)
    references = table["text"].tolist()
    ways = {"wer_greedy": greedy[:clean], **({"wer_beam": texts[:clean]} if worded else {})}
    scored = score(
        references,
        worded or texts[:clean],
        table["speaker"].tolist(),
        table["seconds"].to_numpy(),
        params.evaluate.bootstrap,
        ways,
    )
    heard = {"as it is": scored.metrics.get("wer_beam", scored.metrics["wer"])}
    metrics = {**scored.metrics, "nll_per_character": float(nll.sum() / sum(map(len, references)))}
    for index, condition in enumerate(info.conditions if split == "test" else [], start=1):
        part = texts[index * clean : (index + 1) * clean]
        metrics[f"wer_{condition.name}"] = heard[condition.title] = word_error_rate(references, part)
    record: Transcribed = scored.record
    record.conditions.update(heard)
    return Evaluation(metrics, scored.losses, record, clusters=scored.clusters)


# Explanations


def view(network: keras.Model, head: Head, meta: Meta, target: str) -> View:
    """From the spectrogram to the log-probability of each character, and the blank, at the step where the last character is written.

    An absent frame is the mean of training, which the scaled data have as 0.
    """
    bands = len(meta.transcript.features)
    sequence = keras.Input((None, bands), name=SEQUENCE)
    mask = keras.Input((None,), dtype="bool", name=MASK)
    logits = network({SOUND: sequence, MASK: mask})
    stride = meta.transcript.prepare.stride
    valid = mask[:, ::stride]
    written = ops.logical_and(ops.argmax(logits, axis=-1) > 0, valid)
    place = ops.cumsum(ops.ones_like(ops.cast(valid, "int32")), axis=1) - 1
    last = ops.max(ops.where(written, place, 0), axis=1)
    at_last = ops.take_along_axis(ops.log_softmax(logits, axis=-1), last[:, None, None], axis=1)[:, 0]
    return View(
        keras.Model({SEQUENCE: sequence, MASK: mask}, at_last),
        lambda inputs: {SEQUENCE: inputs[SOUND], MASK: inputs[MASK]},
        head.importance,
        np.zeros(bands, np.float32),
        "the mean of all frames of training",
        lambda inputs: inputs[MASK],
    )


def illustrate(
    network: keras.Model, head: Head, prepared: Path, meta: Meta, target: str, params: Params, files: Path
) -> Illustration:
    """Some test utterances: aligned, as they are written while they are heard, and to listen to."""
    table = table_of(prepared, "test")
    words = np.array([len(text.split()) for text in table["text"]])
    fitting = np.flatnonzero((words >= SHORTEST_WORDS) & (words <= LONGEST_WORDS))
    rows = fitting if len(fitting) else np.arange(len(table))
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, params.evaluate.shown).astype(int))]
    examples = datasets(prepared, meta, target)["test"]
    return Illustration(
        [_aligned(network, head, meta, examples, row, table["text"][row]) for row in rows.tolist()],
        [_streamed(network, head, meta, examples, row, table["text"][row]) for row in rows.tolist()],
        _to_listen(network, head, prepared, meta, examples, table["text"].tolist(), files),
    )


def logits_of(network: keras.Model, meta: Meta, spectrogram: Array) -> Array:
    """(steps, 1 + characters) of one scaled spectrogram (frames, bands)."""
    info = meta.transcript
    outputs = network.predict_on_batch(padded_sounds([spectrogram], info.sizes))
    return np.asarray(outputs[0, : -(-len(spectrogram) // info.prepare.stride)])


def _greedy(head: Head, meta: Meta, logits: Array) -> list[int]:
    return list(head.decode(logits[None])[0])


def _aligned(network: keras.Model, head: Head, meta: Meta, examples: Utterances, row: int, reference: str) -> Alignment:
    info = meta.transcript
    spectrogram = examples.spectrogram(row)
    logits = logits_of(network, meta, spectrogram)
    symbols = _greedy(head, meta, logits)
    shown = sorted(set(symbols))
    log_probabilities = inference.log_probabilities(logits)
    raw = spectrogram * np.array(info.deviation, np.float32) + np.array(info.mean, np.float32)
    seconds = info.prepare.hop_length / info.prepare.rate
    step = seconds * info.prepare.stride
    text = "".join(info.alphabet[symbol - 1] for symbol in symbols)
    return Alignment(
        reference,
        info.decode(symbols),
        raw.astype(np.float16),
        np.exp(log_probabilities)[:, [0, *shown]].astype(np.float16),
        [info.alphabet[symbol - 1] for symbol in shown],
        seconds,
        step,
        [(word, first * step, (last + 1) * step) for word, first, last in timed(log_probabilities, symbols, text)],
    )


def timed(log_probabilities: Floats, symbols: Sequence[int], text: str) -> list[tuple[str, int, int]]:
    """Each word of `text`, which `symbols` spell, with its first and last step on the most likely path."""
    return word_steps(text, align(log_probabilities, symbols)) if len(symbols) else []


def _streamed(network: keras.Model, head: Head, meta: Meta, examples: Utterances, row: int, reference: str) -> Stream:
    """What the network writes of the first part of an utterance alone, as if the rest had not been said yet."""
    info = meta.transcript
    spectrogram = examples.spectrogram(row)
    seconds = info.prepare.hop_length / info.prepare.rate
    every = max(1, round(EVERY / seconds))
    cuts = [*range(every, len(spectrogram), every), len(spectrogram)]
    inputs = padded_sounds([spectrogram[:cut] for cut in cuts], [])
    logits = network.predict_on_batch(inputs)
    decoded = head.decode(logits, -(-np.array(cuts) // info.prepare.stride))  # type: ignore[call-arg]
    return Stream(reference, np.array(cuts) * seconds, [info.decode(symbols) for symbols in decoded])


def _to_listen(
    network: keras.Model,
    head: Head,
    prepared: Path,
    meta: Meta,
    examples: Utterances,
    references: Sequence[str],
    files: Path,
) -> list[Heard]:
    names = {CLEAN: "as it is", **{condition.name: condition.title for condition in meta.transcript.conditions}}
    places = {name: index * meta.transcript.splits["test"].utterances for index, name in enumerate(names)}
    heard = []
    for path in sorted((prepared / HEARD).glob("*.wav"), key=lambda path: (int(path.stem.split("-")[0]), path.stem)):
        row, _, condition = path.stem.partition("-")
        logits = logits_of(network, meta, examples.spectrogram(places[condition] + int(row)))
        text = meta.transcript.decode(_greedy(head, meta, logits))
        shutil.copyfile(path, files / path.name)
        heard.append(Heard(path.name, names[condition], references[int(row)], text))
    return heard
