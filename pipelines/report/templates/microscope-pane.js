// One network under the microscope: its track, its gates and states, the cursor, and the units that are picked.
Object.assign(Microscope, (() => {
  const { Layer, fitted, filled, number, shown } = Microscope;
  const LINES_HEIGHT = 84, WIDEST = 96;

  function element(tag, options = {}, ...children) {
    const { dataset, style, ...rest } = options;
    const made = Object.assign(document.createElement(tag), rest);
    Object.assign(made.dataset, dataset);
    Object.assign(made.style, style);
    made.append(...children);
    return made;
  }

  function chooser(title, options, chosen, change) {
    const select = element("select", {}, ...options.map((text, index) => new Option(text, index, false, index === chosen)));
    select.addEventListener("change", () => change(Number(select.value)));
    return element("label", { className: "scope-choice" }, title, select);
  }

  const rampOf = (values) => `linear-gradient(90deg, ${Microscope.colours(values.signed).filter((_, index) => index % 17 === 0).map(Microscope.css)})`;

  class Pane {
    // `scope` holds what all panes share: sequence, cursor, range, the width of a step, where the view begins.
    constructor(scope, data, like) {
      Object.assign(this, { scope, data, texts: scope.texts, layers: new Map(), picks: [], row: 0, line: 0, sorted: 1 });
      this.element = element("section", { className: "scope-pane", tabIndex: 0 });
      this.element.setAttribute("role", "application");
      this.listen();
      this.choose(like ? Math.min(like.index, data.layers.length - 1) : 0);
    }

    get steps() { return this.layer.stepsOf(this.scope.sequence); }
    get trackSteps() { return Math.min(this.steps * this.track.stride, this.track.steps[this.scope.sequence]); }
    get step() { return Math.min(Math.floor(this.cursor / this.track.stride), this.steps - 1); }
    get cursor() { return Math.min(this.scope.cursor, this.trackSteps - 1); }
    get unit() { return this.order[this.row]; }
    get start() { return Math.min(this.scope.start, this.lastStart); }
    get lastStart() { return Math.max(0, this.trackSteps - Math.floor(this.plotWidth / this.width)); }
    get stepName() { return this.track.step; }

    choose(index) {
      this.index = index;
      if (!this.layers.has(index)) this.layers.set(index, new Layer(this.data.layers[index]));
      this.layer = this.layers.get(index);
      this.track = this.data.tracks[this.layer.track];
      this.sortings = Microscope.sortings(this.layer, this.track, this.texts);
      this.picks = [];
      this.build();
      this.sort(Math.min(this.sorted, this.sortings.length - 1));
    }

    sort(index) {
      const unit = this.order ? this.unit : null;
      this.sorted = index;
      this.sortChoice.querySelector("select").value = index;
      this.sortValues = this.sortings[index].values();
      this.order = Microscope.ordered(this.sortValues, this.layer.units.length);
      this.row = Math.max(0, this.order.indexOf(unit));
      this.bitmaps = null;
      if (this.element.isConnected) this.draw();
    }

    nameOf(layer) {
      return layer.direction === "backward" ? filled(this.texts.backward, { layer: layer.layer }) : layer.layer;
    }

    build() {
      const { layer, texts } = this, names = this.data.layers.map((one) => filled(texts["layer option"], { layer: this.nameOf(one), units: one.allUnits }));
      this.element.setAttribute("aria-label", filled(texts.shown, { layer: this.nameOf(layer), model: this.data.model }));
      this.readout = element("p", { className: "scope-readout" });
      this.cursorMark = element("div", { className: "scope-cursor" });
      this.rangeMark = element("div", { className: "scope-range", hidden: true });
      this.trackRow = this.newRow(shown(this.track.name), false);
      this.pickRow = this.newRow(texts.picked, false);
      this.heats = layer.arrays.map((values) => ({ values, ...this.newRow(shown(values.name), true) }));
      this.grid = element("div", { className: "scope-grid" },
        ...[this.trackRow, this.pickRow, ...this.heats].map((row) => row.element), this.rangeMark, this.cursorMark);
      for (const heat of this.heats) {
        const { values } = heat, limit = number(values.limit);
        const ramp = element("i", { className: "scope-ramp", style: { background: rampOf(values) } });
        heat.ramp = ramp;
        heat.label.append(element("span", { className: "scope-scale" }, values.signed ? `−${limit}` : "0", ramp, values.signed ? limit : "1"));
      }
      this.sortChoice = chooser(texts.sort, this.sortings.map((one) => one.title), this.sorted, (index) => this.sort(index));
      const head = element("div", { className: "scope-head" },
        element("h3", { textContent: this.data.model }),
        chooser(texts.layer, names, this.index, (index) => this.choose(index)),
        this.sortChoice);
      if (this.track.kind === "lines" && this.track.labels.length > 1) {
        head.append(chooser(texts.line, this.track.labels.map(shown), this.line, (line) => { this.line = line; this.drawBase(); }));
      }
      this.note = element("p", { className: "note" });
      this.others = element("p", { className: "note" });
      this.element.replaceChildren(head, this.note, this.readout, this.others, this.grid);
    }

    newRow(title, heat) {
      const canvas = element("canvas"), column = element("canvas");
      const label = element("div", { className: "scope-label" }, element("b", { textContent: title }));
      const facts = element("span", { className: "scope-facts" });
      label.append(facts);
      const line = element("div", { className: "scope-unit" }), picks = element("div", { className: "scope-picks" });
      const plot = element("div", { className: "scope-plot" }, canvas, ...(heat ? [picks, line] : []));
      plot.dataset.heat = heat ? "yes" : "";
      const side = element("div", { className: "scope-side" }, ...(heat ? [column] : []));
      if (!heat) side.classList.add("scope-now");
      return { element: element("div", { className: "scope-row" }, label, plot, side), label, facts, plot, canvas, column, side, line, picks };
    }

    // Everything: after another sequence, sorting, zoom, or size of the window.
    draw() {
      const { layer, scope, texts } = this, all = layer.allSteps[scope.sequence];
      const notes = [shown(layer.reading)];
      if (layer.units.length < layer.allUnits) notes.push(filled(texts["kept units"], { kept: layer.units.length, all: layer.allUnits }));
      if (this.steps < all) notes.push(filled(texts["kept steps"], { kept: this.steps, all }));
      const others = this.data.tracks.filter((track) => track.name !== this.track.name && track.kind === "tokens");
      this.others.textContent = others.map((track) => `${shown(track.name)}: ${track.values[scope.sequence].map(Microscope.shownToken).join(" ")}`).join(" · ");
      this.others.hidden = !others.length;
      this.note.textContent = notes.filter(Boolean).join(" ");
      this.plotWidth = this.trackRow.plot.clientWidth;
      this.sideWidth = this.heats.length ? this.heats[0].side.clientWidth : 0;
      this.width = Math.min(Math.max(scope.width, this.plotWidth / this.trackSteps), WIDEST);
      this.height = layer.units.length * scope.height;
      if (!this.bitmaps || this.bitmapsOf !== scope.sequence) {
        this.bitmaps = this.heats.map(({ values }) => Microscope.bitmap(values, scope.sequence, this.steps, this.order));
        this.bitmapsOf = scope.sequence;
      }
      this.row = Math.min(this.row, this.order.length - 1);
      this.drawBase();
      this.drawPicks();
      this.move();
    }

    // After another theme: the pictures and the scales beside them.
    recolour() {
      this.bitmaps = null;
      this.heats.forEach(({ ramp, values }) => { ramp.style.background = rampOf(values); });
      this.draw();
    }

    // What scrolls with the view.
    drawBase() {
      const { scope, track } = this, visible = this.plotWidth;
      const range = { start: this.start, width: this.width, count: Math.min(Math.ceil(visible / this.width) + 1, this.trackSteps - this.start) };
      const height = Microscope.trackHeight(track, scope.sequence, this.width);
      const waiting = Microscope.drawTrack(fitted(this.trackRow.canvas, visible, height), track, scope.sequence, range, height, this.line);
      if (waiting) waiting.then(() => this.drawBase());
      this.heats.forEach(({ canvas }, index) => {
        const context = fitted(canvas, visible, this.height);
        const first = Math.floor(this.start / track.stride), shift = (this.start - first * track.stride) * this.width;
        context.translate(-shift, 0);
        Microscope.scaled(context, this.bitmaps[index], first, this.width * track.stride, visible + shift, this.height);
      });
      this.drawLines();
      this.drawRange();
    }

    drawLines() {
      const { layer, scope, track } = this, visible = this.plotWidth, context = fitted(this.pickRow.canvas, visible, LINES_HEIGHT);
      if (!this.picks.length) {
        context.fillStyle = Microscope.style("--quiet");
        context.font = "14px system-ui, sans-serif";
        context.fillText(this.texts["none picked"], 8, LINES_HEIGHT / 2);
        this.pickRow.facts.replaceChildren();
        return;
      }
      const first = Math.floor(this.start / track.stride), shift = (this.start - first * track.stride) * this.width;
      context.translate(-shift, 0);
      const range = { start: first, width: this.width * track.stride, count: Math.min(Math.ceil((visible + shift) / (this.width * track.stride)) + 1, this.steps - first) };
      Microscope.lines(context, this.picks.map((unit, index) => ({ value: (step) => layer.remembered(scope.sequence, step, unit), colour: this.colourOf(index) })), range, LINES_HEIGHT);
      this.pickRow.facts.replaceChildren(...this.picks.map((unit, index) => element("span", { className: "scope-pick-name", style: { color: this.colourOf(index) }, textContent: `${layer.units[unit]} ` })));
    }
    colourOf(index) { return Microscope.PICKS[index % Microscope.PICKS.length]; }

    drawPicks() {
      const row = this.scope.height;
      for (const { picks } of this.heats) {
        picks.replaceChildren(...this.picks.map((unit, index) => element("i", {
          style: { top: `${this.order.indexOf(unit) * row}px`, height: `${Math.max(row, 2)}px`, borderColor: this.colourOf(index) },
        })));
      }
      this.drawLines();
    }

    drawRange() {
      const { range } = this.scope;
      this.rangeMark.hidden = !range;
      if (!range) return;
      const x = (step) => Math.min(Math.max((step - this.start) * this.width, 0), this.plotWidth);
      const left = x(range.first);
      this.rangeMark.style.left = `${this.trackRow.plot.offsetLeft + left}px`;
      this.rangeMark.style.width = `${x(Math.min(range.last, this.trackSteps - 1) + 1) - left}px`;
    }

    // What follows the cursor: two marks, the bars, the words. It redraws no picture.
    move() {
      const { layer, scope, step, unit } = this, sequence = scope.sequence;
      const x = this.trackRow.plot.offsetLeft + (this.cursor - this.start) * this.width;
      this.cursorMark.style.transform = `translateX(${x}px)`;
      this.cursorMark.style.width = `${Math.max(this.width, 1.5)}px`;
      const value = this.track.values[scope.sequence];
      this.trackRow.side.textContent = this.track.kind === "tokens" ? Microscope.shownToken(value[this.cursor]).slice(0, 8) : this.cursor + 1;
      const parts = [];
      for (const heat of this.heats) {
        const { values, column, facts, line } = heat;
        line.style.transform = `translateY(${this.row * scope.height}px)`;
        line.style.height = `${Math.max(scope.height, 2)}px`;
        Microscope.column(fitted(column, this.sideWidth, this.height), values, sequence, step, this.order, this.sideWidth, this.height);
        facts.textContent = this.factsOf(values, step);
        parts.push(`${shown(values.name)} ${number(values.at(sequence, step, unit))}`);
      }
      this.readout.textContent = filled(this.texts.readout, {
        step: shown(this.stepName), number: this.cursor + 1, all: this.trackSteps, token: this.tokenOf(this.cursor),
        unit: layer.units[unit], sorted: this.sortedOf(unit), values: parts.join(", "),
      });
    }

    factsOf(values, step) {
      let sum = 0, closed = 0, open = 0, count = 0;
      for (let unit = 0; unit < values.units; unit++) {
        const value = values.at(this.scope.sequence, step, unit);
        if (Number.isNaN(value)) continue;
        count++; sum += value; closed += value < 0.1; open += value > 0.9;
      }
      const text = filled(this.texts["of a step"], { mean: number(sum / count) });
      if (!(values.name in this.layer.saturation)) return text;
      return `${text}\n${filled(this.texts.saturated, { closed: Math.round((100 * closed) / count), open: Math.round((100 * open) / count) })}`;
    }

    tokenOf(step) {
      const value = this.track.values[this.scope.sequence];
      if (this.track.kind === "tokens") return filled(this.texts.token, { token: Microscope.shownToken(value[step]) });
      return this.track.kind === "lines" ? ` (${shown(this.track.labels[this.line])} ${number(value[this.line][step] ?? NaN)})` : "";
    }

    sortedOf(unit) {
      const text = this.sortings[this.sorted].unit;
      return text && this.sortValues ? ` (${filled(this.texts[text], { value: number(this.sortValues[unit], text === "sorted correlation" ? 2 : 1) })})` : "";
    }

    pick(unit, others) {
      const picked = this.picks.includes(unit);
      this.picks = others ? this.picks.filter((one) => one !== unit) : [];
      if (!picked) this.picks.push(unit);
      this.drawPicks();
      this.scope.picked(this);
    }

    // Step and row under a pointer over one of the plots.
    under(event) {
      const box = event.currentTarget.getBoundingClientRect();
      const step = this.start + Math.floor((event.clientX - box.left) / this.width);
      const row = Math.floor((event.clientY - box.top) / this.scope.height);
      return { step: Math.min(Math.max(step, 0), this.trackSteps - 1), row: Math.min(Math.max(row, 0), this.order.length - 1) };
    }

    listen() {
      let down = null;
      const plotOf = (event) => event.target.closest?.(".scope-plot");
      const on = (kind, act) => this.element.addEventListener(kind, (event) => {
        const plot = plotOf(event);
        if (plot) act({ event, heat: plot.dataset.heat, ...this.under({ currentTarget: plot, clientX: event.clientX, clientY: event.clientY }) });
      });
      on("pointerdown", ({ event, step }) => {
        if (event.button) return;
        down = { step, dragged: false };
        this.element.focus({ preventScroll: true });
      });
      on("pointermove", ({ event, heat, step, row }) => {
        if (heat) this.row = row;
        if (down && event.buttons && step !== down.step) down.dragged = true;
        if (down?.dragged && event.pointerType !== "touch") this.scope.mark(Math.min(down.step, step), Math.max(down.step, step));
        this.readout.removeAttribute("aria-live");
        this.scope.moveTo(step, this);
      });
      on("pointerup", ({ event, heat, step, row }) => {
        if (down && !down.dragged) {
          if (heat) { this.row = row; this.pick(this.order[row], event.shiftKey); }
          this.scope.moveTo(step, this);
        }
        down = null;
      });
      this.element.addEventListener("pointerleave", () => { down = null; });
      this.element.addEventListener("keydown", (event) => { if (event.target === this.element && this.key(event)) event.preventDefault(); });
    }

    key(event) {
      const { scope } = this, far = event.shiftKey ? 10 : 1;
      const rows = (by) => { this.row = Math.min(Math.max(this.row + by, 0), this.order.length - 1); scope.moveTo(this.cursor, this); };
      const keys = {
        ArrowLeft: () => scope.moveTo(Math.max(this.cursor - far, 0), this),
        ArrowRight: () => scope.moveTo(Math.min(this.cursor + far, this.trackSteps - 1), this),
        ArrowUp: () => rows(-far),
        ArrowDown: () => rows(far),
        Home: () => scope.moveTo(0, this),
        End: () => scope.moveTo(this.trackSteps - 1, this),
        Enter: () => this.pick(this.unit, event.shiftKey),
        " ": () => this.pick(this.unit, event.shiftKey),
        "[": () => scope.mark(this.cursor, Math.max(this.cursor, scope.range?.last ?? this.cursor)),
        "]": () => scope.mark(Math.min(this.cursor, scope.range?.first ?? this.cursor), this.cursor),
        Escape: () => scope.clear(),
      };
      this.readout.setAttribute("aria-live", "polite");
      return event.key in keys && (keys[event.key](), true);
    }
  }

  return { Pane, element, chooser };
})());
