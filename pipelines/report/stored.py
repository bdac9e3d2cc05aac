"""Words that stages store and pages show: a mark where they stand would train every network anew.

`{}` stands for a number (`language.shown`).
Titles of metrics, and the sentences of cells and of decisions, are found where they stand (`babel.cfg`, `extraction.py`).
"""

from pipelines.report.language import mark

GATES = (
    mark("input gate"), mark("forget gate"), mark("output gate"), mark("update gate"), mark("reset gate"), mark("candidate"),
    mark("cell state"), mark("hidden state"),
    mark("memory"), mark("input"), mark("forget"), mark("output"), mark("update"), mark("reset"),
)  # fmt: skip
STEPS = (
    mark("minute"), mark("hour"), mark("day"), mark("week"), mark("month"), mark("quarter"), mark("year"), mark("step"), mark("character"),
    mark("word"), mark("token"), mark("sub-word"), mark("frame"), mark("pixel"), mark("characters"), mark("words"), mark("tokens"),
)  # fmt: skip
SPLITS = (mark("train"), mark("valid"), mark("test"))
OUTPUTS = (
    mark("the likeliest class"), mark("the likeliest key"), mark("the likeliest next token"), mark("the likeliest next character"),
    mark("the likeliest next word"), mark("the written sequence"), mark("the likeliest character where the last one is written"),
    mark("sum"), mark("last symbol"), mark("digit"), mark("next {} days"),
    *(mark("+{} minute"), mark("+{} minutes"), mark("+{} hour"), mark("+{} hours"), mark("+{} day"), mark("+{} days"), mark("+{} week")),
    *(mark("+{} weeks"), mark("+{} month"), mark("+{} months"), mark("+{} quarter"), mark("+{} quarters"), mark("+{} year")),
    *(mark("+{} years"), mark("+{} step"), mark("+{} steps")),
)  # fmt: skip
FEATURES = (
    mark("value"), mark("season sine"), mark("season cosine"), mark("observed"), mark("return"), mark("range"), mark("overnight"),
    mark("intraday"), mark("volume change"), mark("volume level"), mark("number"), mark("mark"), mark("symbol"), mark("sunspot number"),
    mark("volatility {}"), mark("close to average {}"), mark("{} Hz"), mark("keys above"), mark("melody to come"),
    mark("month sine"), mark("month cosine"), mark("weekday sine"), mark("weekday cosine"), mark("style"), mark("voices"),
)  # fmt: skip
BASELINES = (
    mark("naive"), mark("seasonal naive"), mark("drift"), mark("seasonal naive + drift"), mark("historical mean"), mark("random walk"),
    mark("rolling mean"), mark("unigram"), mark("Markov chain"), mark("marginal"), mark("melody"), mark("copy"), mark("nearest neighbour"),
    mark("word for word"), mark("majority"), mark("naive Bayes"), mark("phrase table"), mark("translation memory"),
    mark("nearest template"), mark("most frequent transcript"), mark("best constant"), mark("memoryless"), mark("class frequencies"),
    mark("last ten steps"), mark("mean of frames"), mark("frame differences"), mark("single frame"), mark("best baseline"),
    mark("simple RNN"), mark("other cells"), mark("ridge regression"), mark("regression on all pixels"),
)  # fmt: skip
ABSENT = (
    mark("an average training window"), mark("an average word"), mark("an unknown word"), mark("silence"),
    mark("an average frame of the training part"),
)  # fmt: skip
"""What an absent input is replaced by."""
TRANSFORMATIONS = (mark("none"), mark("logarithm"), mark("Box–Cox with a power of {}"))
MEASURES = (mark("pitch-class entropy"), mark("scale consistency"), mark("polyphony"), mark("repetition"))
CLIPS = (
    mark("from nothing"),
    mark("from the opening of a test piece"),
    mark("before"),
    mark("after"),
    mark("piece {}"),
    mark("temperature {}"),
)
CONDITIONS = (
    mark("as it is"), mark("telephone (8 kHz, 300 to 3,400 Hz)"), mark("noise, {} dB"), mark("{} s of silence before"),
    mark("{}% of the volume"),
)  # fmt: skip
CHANGES = (mark("better"), mark("worse"), mark("within the spread"), mark("one seed"))
TRAINING = (
    mark("batch size"), mark("epochs"), mark("learning rate"), mark("patience"), mark("seeds"), mark("clip norm"), mark("schedule"),
    mark("precision"), mark("xla"), mark("weight decay"), mark("warmup"), mark("may diverge"), mark("window"), mark("dropout"),
    mark("label smoothing"), mark("loss"), mark("mixed precision"), mark("plateau patience"), mark("stop below"),
)  # fmt: skip
"""Names of parameters, as a model's page has them."""
