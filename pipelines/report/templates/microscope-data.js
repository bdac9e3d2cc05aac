// The numbers behind the microscope: what the data scripts hold, made into values, orders and alike places. It draws nothing.
window.microscopeData ??= {};

const Microscope = (() => {
  const MASKED = 255, TOP = 254;

  function decoded(text) {
    const raw = atob(text), bytes = new Uint8Array(raw.length);
    for (let index = 0; index < raw.length; index++) bytes[index] = raw.charCodeAt(index);
    return bytes;
  }

  // Levels (sequences, steps, units) of one gate or state.
  class Values {
    constructor(stored) {
      [this.sequences, this.steps, this.units] = stored.shape;
      this.name = stored.name;
      this.state = stored.state;
      this.levels = decoded(stored.bytes);
      this.low = Float32Array.from(stored.low);
      this.high = Float32Array.from(stored.high);
      this.signed = this.low.some((low) => low < 0);
      this.limit = this.signed ? this.strongest() : 1;
    }
    level(sequence, step, unit) {
      return this.levels[(sequence * this.steps + step) * this.units + unit];
    }
    // NaN where a step is masked.
    at(sequence, step, unit) {
      const level = this.level(sequence, step, unit);
      return level === MASKED ? NaN : this.low[unit] + (level / TOP) * (this.high[unit] - this.low[unit]);
    }
    // The magnitude that 98 % of some thousand values stay below: what the strongest colour stands for.
    strongest() {
      const found = [], stride = Math.max(1, Math.floor(this.levels.length / 8192)) | 1;
      for (let index = 0; index < this.levels.length; index += stride) {
        const unit = index % this.units, level = this.levels[index];
        if (level !== MASKED) found.push(Math.abs(this.low[unit] + (level / TOP) * (this.high[unit] - this.low[unit])));
      }
      found.sort((one, other) => one - other);
      return found[Math.floor(0.98 * (found.length - 1))] || 1;
    }
  }

  class Layer {
    constructor(stored) {
      Object.assign(this, stored);
      this.arrays = stored.arrays.map((array) => new Values(array));
      this.memory = this.arrays.find((array) => array.state);
      this.furtherMemory = new Values(stored.further);
      this.whole = this.steps.length;
    }
    get sequences() { return this.whole + this.furtherSteps.length; }
    stepsOf(sequence) { return sequence < this.whole ? this.steps[sequence] : this.furtherSteps[sequence - this.whole]; }
    remembered(sequence, step, unit) {
      return sequence < this.whole ? this.memory.at(sequence, step, unit) : this.furtherMemory.at(sequence - this.whole, step, unit);
    }
    // Mean and deviation of a unit's memory over all stored steps.
    moments(unit) {
      let count = 0, sum = 0, squares = 0;
      for (let sequence = 0; sequence < this.sequences; sequence++) {
        for (let step = 0; step < this.stepsOf(sequence); step++) {
          const value = this.remembered(sequence, step, unit);
          if (!Number.isNaN(value)) { count++; sum += value; squares += value * value; }
        }
      }
      const mean = sum / count;
      return { mean, deviation: Math.sqrt(Math.max(squares / count - mean * mean, 1e-12)) };
    }
  }

  // A property of the track as the layer's steps see it: its mean over the steps that a step of the layer takes in.
  function byLayerStep(property, stride, steps) {
    return Array.from({ length: steps }, (_, step) => {
      const part = property.slice(step * stride, (step + 1) * stride).filter((value) => value !== null);
      return part.length ? part.reduce((sum, value) => sum + value, 0) / part.length : NaN;
    });
  }

  // Pearson's correlation of each unit's memory with a property of the track, over all steps of the whole sequences.
  function correlations(layer, track, name) {
    const properties = track.properties[name].map((row, sequence) => byLayerStep(row, track.stride, layer.steps[sequence]));
    return Array.from(layer.units, (_, unit) => {
      let n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
      properties.forEach((row, sequence) => row.forEach((property, step) => {
        const value = layer.memory.at(sequence, step, unit);
        if (Number.isNaN(value) || Number.isNaN(property)) return;
        n++; x += value; y += property; xx += value * value; yy += property * property; xy += value * property;
      }));
      const spread = Math.sqrt(Math.max(0, n * xx - x * x) * Math.max(0, n * yy - y * y));
      return spread > 1e-9 * n * n ? (n * xy - x * y) / spread : 0;
    });
  }

  // What units can be sorted by: [name, values by unit or null for their number, unit of the values].
  function sortings(layer, track, texts) {
    const list = [["by number", {}, () => null, null]];
    if (layer.gateTimeConstants) list.push(["by time constant", {}, () => layer.gateTimeConstants, "sorted steps"]);
    list.push(["by autocorrelation", {}, () => layer.autocorrelationTimes, "sorted steps"]);
    for (const [gate, shares] of Object.entries(layer.saturation)) {
      for (const side of ["closed", "open"]) list.push([`by ${side}`, { gate }, () => shares[side].map((share) => 100 * share), "sorted share"]);
    }
    for (const property of Object.keys(track ? track.properties : {})) {
      list.push(["by property", { property }, () => correlations(layer, track, property), "sorted correlation"]);
    }
    const spoken = (names) => Object.fromEntries(Object.entries(names).map(([key, name]) => [key, shown(name)]));
    return list.map(([text, names, values, unit]) => ({ title: filled(texts[text], spoken(names)), values, unit }));
  }

  // Indices of units, the largest value first; equal ones in the order of their numbers.
  function ordered(values, count) {
    const order = Array.from({ length: count }, (_, index) => index);
    return values ? order.sort((one, other) => values[other] - values[one] || one - other) : order;
  }

  // Ranges of `length` steps in which the memory of `units` is most like that from `first` of `sequence` on:
  // [{sequence, first, distance}], the nearest first. Ranges that overlap one in the list, or the wanted one, are left out.
  function alike(layer, units, sequence, first, length, most = 12) {
    const moments = units.map((unit) => layer.moments(unit));
    const standardised = (other) => units.map((unit, index) => Float32Array.from(
      { length: layer.stepsOf(other) },
      (_, step) => (layer.remembered(other, step, unit) - moments[index].mean) / moments[index].deviation,
    ));
    const wanted = standardised(sequence).map((row) => row.slice(first, first + length));
    const found = [];
    for (let other = 0; other < layer.sequences; other++) {
      const rows = standardised(other);
      for (let start = 0; start + length <= layer.stepsOf(other); start++) {
        let sum = 0;
        for (let unit = 0; unit < rows.length; unit++) {
          for (let step = 0; step < length; step++) sum += (rows[unit][start + step] - wanted[unit][step]) ** 2;
        }
        if (!Number.isNaN(sum)) found.push({ sequence: other, first: start, distance: sum / (length * rows.length) });
      }
    }
    found.sort((one, other) => one.distance - other.distance);
    const kept = [{ sequence, first }];
    for (const place of found) {
      const overlaps = kept.some((one) => one.sequence === place.sequence && Math.abs(one.first - place.first) < length);
      if (!overlaps) kept.push(place);
      if (kept.length > most) break;
    }
    return kept.slice(1);
  }

  function filled(text, names) {
    return text.replace(/\{(\w+)\}/g, (_, name) => names[name]);
  }

  // A word of the data in the language of the page. Numbers in it stand in the catalogue as {}, as for `language.shown`.
  function shown(text) {
    const exact = gettext(text), numbers = text.match(/-?\d[\d,]*(?:\.\d+)?/g) ?? [];
    if (exact !== text || !numbers.length) return exact;
    const pattern = numbers.reduce((rest, found) => rest.replace(found, "{}"), text), translated = gettext(pattern);
    return translated === pattern ? text : translated.replace(/\{\}/g, () => numbers.shift());
  }

  const formats = new Map();
  function number(value, digits = 2) {
    if (!formats.has(digits)) {
      formats.set(digits, new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false }));
    }
    return Number.isNaN(value) ? "–" : formats.get(digits).format(value).replace("-", "−");
  }

  return { MASKED, TOP, decoded, Layer, correlations, sortings, ordered, alike, filled, number, shown };
})();
