"""`predict speech FILE…`: the text of each recording, with the times of its words by `--times`."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from pipelines import paths
from pipelines.errors import InputError
from pipelines.predict import Prediction, argument_type, unmarked
from pipelines.tasks.speech.params import TARGET

if TYPE_CHECKING:
    from pipelines.predict import TrainedNetworks
    from pipelines.tasks.speech.data import SpeechTarget
    from pipelines.tasks.speech.decoding import WordSearch
    from pipelines.tasks.speech.recordings import Sound


def arguments(parser: argparse.ArgumentParser) -> None:
    """The recordings, and how to search."""
    parser.add_argument("files", nargs="+", metavar="FILE", help=".wav, .flac, .ogg or .mp3, of any rate")
    parser.add_argument("--times", action="store_true", help="print when each word begins and ends, in seconds")
    parser.add_argument(
        "--beam", type=argument_type(Annotated[int, Field(gt=0, le=512)]), help="width of the beam search"
    )


def predict(trained: "TrainedNetworks", options: argparse.Namespace) -> Iterator[Prediction]:
    """The text of each recording; read, trimmed and scaled as in training. Raise `InputError` for one that cannot be used."""
    from pipelines.tasks.speech import recordings
    from pipelines.tasks.speech.data import Meta

    files = [unmarked(file) for file in options.files]
    info = trained.meta(Meta).transcript
    sounds = []
    for file in files:
        path = Path(file)
        if not path.is_file():
            raise InputError(f"{file}: there is no such file; name a recording")
        try:
            sounds.append(recordings.read(path, info.prepare.rate, trained.params.collect.longest))
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror}); name a recording") from error
    network, seed = trained.network(TARGET)
    from pipelines.tasks.speech.decoding import word_search

    decoding = trained.params.evaluate.model_copy(update={"beam": options.beam} if options.beam else {})
    search = word_search(paths.prepared(trained.task), info, decoding)
    for file, sound in zip(files, sounds, strict=True):
        text, words, seconds = _transcribed(network, info, sound, search, decoding.beam)
        values = {
            "file": file,
            "text": text,
            "words": words,
            "seconds": round(seconds, 3),
            "model": trained.model(TARGET),
            "trained_seed": seed,
        }
        shown = text or "(no word)"
        if options.times:
            lines = [f"{word['start']:8.2f} {word['end']:8.2f}  {word['word']}" for word in words]
            shown = "\n".join([shown, *lines])
        yield Prediction(values, f"{file}: {shown}" if len(files) > 1 else shown)


def _transcribed(
    network: Any, info: "SpeechTarget", sound: "Sound", search: "WordSearch | None", beam: int
) -> tuple[str, list[dict[str, Any]], float]:
    """Text, words with their times in the recording, and its length in seconds."""
    import numpy as np

    from pipelines.nn import inference
    from pipelines.nn.heads import CTC
    from pipelines.tasks.speech import decoding, features
    from pipelines.tasks.speech.data import padded_sounds

    settings = info.prepare
    spectrogram = info.scaled(features.spectrogram(sound, settings))
    steps = features.steps_of(len(spectrogram), settings.stride)
    logits = network.predict_on_batch(padded_sounds([spectrogram], info.sizes))[:, :steps]
    if search:
        symbols = info.encode(search(inference.log_probabilities(logits[0])))
    else:
        symbols = CTC(len(info.alphabet)).decode(logits, np.array([steps]), beam)[0]
    words: list[dict[str, Any]] = []
    if symbols:
        text = "".join(info.alphabet[symbol - 1] for symbol in symbols)
        spans = decoding.align(inference.log_probabilities(logits[0]), symbols)
        step = settings.stride * settings.hop_length / settings.rate
        begin = features.trimmed(sound, settings)[1] / settings.rate - settings.pad
        length = len(sound) / settings.rate
        for word, first, last in decoding.word_steps(text, spans):
            start, end = (min(max(begin + place * step, 0.0), length) for place in (first, last + 1))
            words.append({"word": word, "start": round(start, 3), "end": round(end, 3)})
    return info.decode(symbols), words, len(sound) / settings.rate
