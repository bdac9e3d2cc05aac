"""Gatehouse: from raw sequences to an honest report on gated recurrent networks."""
