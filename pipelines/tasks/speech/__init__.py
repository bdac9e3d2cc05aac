"""Speech: the words of an utterance, by connectionist temporal classification."""
