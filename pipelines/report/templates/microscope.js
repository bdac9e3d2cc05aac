// The page: which networks are under the microscope, on which sequence, and the places that are alike.
(() => {
  const { Pane, element, chooser, filled, number, shown } = Microscope;

  class Scope {
    constructor(container) {
      Object.assign(this, JSON.parse(container.querySelector("script").textContent));
      [this.controls, this.place, this.found] = [".scope-controls", ".scope-panes", ".scope-alike"].map((name) => container.querySelector(name));
      Object.assign(this, { container, target: 0, sequence: 0, cursor: 0, start: 0, width: 1, height: 2, range: null, panes: [], beside: null });
      const again = () => { this.panes.forEach((pane) => pane.recolour()); this.found.querySelectorAll("canvas").forEach((canvas) => canvas.paint()); };
      new ResizeObserver(() => this.draw()).observe(this.place);
      document.addEventListener("themechange", again);
      this.show();
    }

    // Loads the data of a network, once, and calls back with them; without them it says what is missing.
    load(model, then) {
      const { name, scripts } = this.targets[this.target], key = `${model}/${name}`, file = scripts[model];
      if (window.microscopeData[key]) { then(window.microscopeData[key]); return; }
      const script = element("script", { src: file });
      const fail = () => this.place.append(element("p", { className: "warning", textContent: filled(this.texts.missing, { model, file }) }));
      script.addEventListener("load", () => (window.microscopeData[key] ? then(window.microscopeData[key]) : fail()));
      script.addEventListener("error", fail);
      document.head.append(script);
    }

    show() {
      this.load(this.model, (data) => {
        this.panes = [];
        this.place.replaceChildren();
        this.found.replaceChildren();
        if (!data.layers.length) { this.place.append(element("p", { className: "warning", textContent: this.texts.empty })); return; }
        Object.assign(this, { sequence: this.longestOf(data), cursor: 0, start: 0, range: null });
        this.add(data);
        this.fit();
        this.build();
        this.draw();
        if (this.beside) this.compare(this.beside);
      });
    }

    add(data) {
      const pane = new Pane(this, data, this.panes[0]);
      this.panes.push(pane);
      this.place.append(pane.element);
      this.place.classList.toggle("scope-two", this.panes.length > 1);
      this.active = this.panes[0];
    }

    compare(model) {
      this.beside = model;
      this.panes.splice(1).forEach((pane) => pane.element.remove());
      this.place.classList.remove("scope-two");
      this.place.querySelectorAll(".warning").forEach((warning) => warning.remove());
      if (!model) { this.draw(); return; }
      this.load(model, (data) => {
        if (this.beside === model && data.layers.length) { this.add(data); this.draw(); }
      });
    }

    longestOf(data) {
      const steps = data.layers[0].steps;
      return steps.indexOf(Math.max(...steps));
    }

    // Steps wide enough for what is read, and units high enough to be told apart.
    fit() {
      const { track, layer } = this.panes[0], units = layer.units.length;
      this.width = track.kind !== "tokens" ? 1 : Microscope.longest(track) <= 2 ? 12 : 18;
      this.height = units <= 32 ? 5 : units <= 64 ? 3 : units <= 128 ? 1.5 : 1;
    }

    build() {
      const { texts, panes: [{ data, track }] } = this;
      const preview = (value, index) => (track.kind === "tokens" ? value.slice(0, 40).join(Microscope.longest(track) > 1 ? " " : "").replace(/\s+/g, " ").trim() : filled(texts.steps, { count: track.steps[index], step: shown(track.step) }));
      const titles = track.values.slice(0, data.whole).map((value, index) => filled(texts["sequence option"], { number: index + 1, text: preview(value, index) }));
      const others = this.models.filter((model) => model !== this.model);
      const slider = (title, name, low, high, step) => {
        const input = element("input", { type: "range", min: low, max: high, step, value: this[name] });
        input.addEventListener("input", () => { this[name] = Number(input.value); this.draw(); });
        return element("label", { className: "scope-choice" }, title, input);
      };
      this.from = element("input", { type: "range", min: 0, max: 0, step: 1, value: 0 });
      this.from.addEventListener("input", () => { this.start = Number(this.from.value); this.panes.forEach((pane) => { pane.drawBase(); pane.move(); }); });
      this.fromLabel = element("label", { className: "scope-choice scope-from" }, texts.from, this.from);
      const button = (text, act) => {
        const made = element("button", { type: "button", textContent: texts[text] });
        made.addEventListener("click", act);
        return made;
      };
      this.state = element("span", { className: "scope-state" });
      this.controls.replaceChildren(
        ...(this.targets.length > 1 ? [chooser(texts.target, this.targets.map((target) => target.name), this.target, (index) => { this.target = index; this.show(); })] : []),
        chooser(texts.sequence, titles, this.sequence, (index) => this.go(index, 0)),
        ...(others.length ? [chooser(texts.compare, [texts.nothing, ...others], this.beside ? others.indexOf(this.beside) + 1 : 0, (index) => this.compare(index ? others[index - 1] : null))] : []),
        slider(texts.width, "width", 1, 48, 0.5),
        slider(texts.height, "height", 0.5, 10, 0.5),
        this.fromLabel,
        element("div", { className: "scope-buttons" },
          button("range begins", () => this.mark(this.cursor, Math.max(this.cursor, this.range?.last ?? this.cursor))),
          button("range ends", () => this.mark(Math.min(this.cursor, this.range?.first ?? this.cursor), this.cursor)),
          button("find", () => this.find()), button("clear", () => this.clear()), this.state));
    }

    draw() {
      if (!this.panes.length) return;
      this.panes.forEach((pane) => pane.draw());
      const last = Math.max(...this.panes.map((pane) => pane.lastStart));
      this.from.max = last;
      this.start = Math.min(this.start, last);
      this.from.value = this.start;
      this.fromLabel.hidden = last === 0;
    }

    go(sequence, cursor) {
      Object.assign(this, { sequence, cursor, range: null });
      this.controls.querySelectorAll("select")[this.targets.length > 1 ? 1 : 0].value = sequence;
      this.start = Math.max(0, cursor - 8);
      this.tell();
      this.draw();
    }

    // The cursor moves at once; what it shows is drawn once a frame.
    moveTo(cursor, pane) {
      this.cursor = cursor;
      this.active = pane;
      this.waiting ??= requestAnimationFrame(() => {
        this.waiting = null;
        const { start, width, plotWidth } = this.active, shown = Math.max(1, Math.floor(plotWidth / width));
        if (this.cursor < start || this.cursor >= start + shown) {
          this.start = Math.max(0, this.cursor < start ? this.cursor - 2 : this.cursor - shown + 3);
          this.from.value = this.start;
          this.panes.forEach((one) => one.drawBase());
        }
        this.panes.forEach((one) => one.move());
      });
    }

    mark(first, last) {
      this.range = { first, last };
      this.tell();
      this.panes.forEach((pane) => pane.drawRange());
    }

    clear() {
      this.range = null;
      this.panes.forEach((pane) => { pane.picks = []; pane.drawPicks(); pane.drawRange(); });
      this.found.replaceChildren();
      this.tell();
    }

    picked(pane) {
      this.active = pane;
      this.tell();
    }

    tell(text = "") {
      this.state.textContent = text || (this.range ? this.rangeText(this.range) : "");
    }

    rangeText({ first, last }, step = this.active.stepName) {
      return filled(this.texts.range, { step: shown(step), first: first + 1, last: last + 1 });
    }

    find() {
      const pane = this.active, { layer, track, picks } = pane;
      if (!picks.length) { this.tell(this.texts["pick first"]); return; }
      if (!this.range) this.mark(Math.max(0, pane.cursor - 3 * track.stride), Math.min(pane.trackSteps - 1, pane.cursor + 3 * track.stride));
      const [first, last] = [this.range.first, this.range.last].map((step) => Math.min(Math.floor(step / track.stride), pane.steps - 1));
      const places = Microscope.alike(layer, picks, this.sequence, first, last - first + 1);
      const title = filled(this.texts[picks.length > 1 ? "alike units" : "alike unit"], { units: picks.map((unit) => layer.units[unit]).join(", "), range: this.rangeText(this.range) });
      this.found.replaceChildren(
        element("h3", { textContent: title }),
        element("div", { className: "scope-places" }, ...places.map((place) => this.card(pane, place, last - first + 1))),
        ...(places.length ? [] : [element("p", { className: "note", textContent: this.texts["none alike"] })]));
      this.found.querySelectorAll("canvas").forEach((canvas) => canvas.paint());
      this.found.scrollIntoView({ block: "nearest", behavior: "smooth" });
    }

    // A place as a button: the memory of the picked units, with some steps around, and what is read there.
    card(pane, { sequence, first, distance }, length) {
      const { layer, track, texts, data } = pane, { stride } = track, whole = sequence < data.whole;
      const around = { first: first * stride, last: Math.min((first + length) * stride, track.steps[sequence]) - 1 };
      const names = { sequence: whole ? sequence + 1 : sequence - data.whole + 1, range: this.rangeText(around, track.step) };
      const made = element("button", { type: "button", className: "scope-place" },
        element("span", { className: "scope-place-name", textContent: filled(texts[whole ? "alike place" : "further place"], names) }),
        element("span", { className: "quiet", textContent: filled(texts.distance, { value: number(distance, 3) }) }));
      made.append(...this.pictures(pane, sequence, Math.max(0, first - length), Math.min(layer.stepsOf(sequence), first + 2 * length), { first, length }));
      made.addEventListener("click", () => (whole ? this.jump(sequence, around) : this.strip(pane, sequence, { first, length }, made)));
      return made;
    }

    jump(sequence, around) {
      this.go(sequence, around.first);
      this.mark(around.first, around.last);
      this.place.scrollIntoView({ block: "start", behavior: "smooth" });
    }

    strip(pane, sequence, place, card) {
      this.found.querySelector(".scope-strip")?.remove();
      const made = element("div", { className: "scope-strip" }, element("p", { className: "note", textContent: filled(this.texts.strip, { sequence: sequence - pane.data.whole + 1 }) }),
        ...this.pictures(pane, sequence, 0, pane.layer.stepsOf(sequence), place));
      card.parentElement.before(made);
      made.querySelectorAll("canvas").forEach((canvas) => canvas.paint());
    }

    // Two canvases over the steps from `begin` to `end` of a layer: the track and the picked units' memory, `place` shaded.
    pictures(pane, sequence, begin, end, place) {
      const { layer, track, line } = pane, picks = [...pane.picks], { stride } = track, count = end - begin;
      const painted = (height, paint) => {
        const canvas = element("canvas");
        canvas.paint = () => {
          const width = canvas.clientWidth, of = width / count, tall = height(of / stride), context = Microscope.fitted(canvas, width, tall);
          context.fillStyle = Microscope.style("--marked");
          context.fillRect((place.first - begin) * of, 0, place.length * of, tall);
          const waiting = paint(context, of, tall);
          if (waiting) waiting.then(canvas.paint);
        };
        return canvas;
      };
      const colour = (index) => pane.colourOf(index);
      return [
        painted((of) => Math.min(Microscope.trackHeight(track, sequence, of), 96), (context, of, tall) => Microscope.drawTrack(context, track, sequence,
          { start: begin * stride, width: of / stride, count: Math.min(count * stride, track.steps[sequence] - begin * stride) }, tall, line)),
        painted(() => 44, (context, of, tall) => void Microscope.lines(context, picks.map((unit, index) => ({ value: (step) => layer.remembered(sequence, step, unit), colour: colour(index) })), { start: begin, width: of, count }, tall)),
      ];
    }
  }

  Microscope.Scope = Scope;
  Microscope.open = [];
  document.addEventListener("DOMContentLoaded", () => {
    Microscope.open = [...document.querySelectorAll(".microscope")].map((container) => new Scope(container));
  });
})();
