// What the microscope draws: colours, heat maps, the tracks along the top and lines. Every function draws on a canvas it is given.
Object.assign(Microscope, (() => {
  // Viridis for gates (van der Walt & Smith 2015), and blue to vermilion (Okabe & Ito 2008) for what has a sign.
  const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
  const SIGNED = {
    light: ["#8a3a00", "#d55e00", "#f3b584", "#f7f7f7", "#8fc1e3", "#0072b2", "#00416b"],
    dark: ["#ffb27d", "#e8701a", "#6d3a18", "#15191f", "#1b4665", "#3b9ad9", "#a5dbff"],
  };
  const PICKS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8b4fc6", "#8a8a00"];
  const MASK = { light: [228, 231, 235], dark: [38, 44, 52] };

  const scheme = () => (isDark() ? "dark" : "light");
  const tokens = new Map();
  // The colour that a token of the style sheets has now. The microscope has some of its own, so the probe stands in it.
  function style(name) {
    const key = scheme() + name;
    if (!tokens.has(key)) {
      const probe = document.createElement("span");
      probe.style.color = `var(${name})`;
      document.querySelector(".microscope").append(probe);
      tokens.set(key, getComputedStyle(probe).color);
      probe.remove();
    }
    return tokens.get(key);
  }

  function interpolated(colours, share) {
    const place = Math.min(Math.max(share, 0), 1) * (colours.length - 1), before = Math.min(Math.floor(place), colours.length - 2);
    const part = (index) => [1, 3, 5].map((start) => parseInt(colours[index].slice(start, start + 2), 16));
    const [low, high] = [part(before), part(before + 1)];
    return low.map((value, channel) => Math.round(value + (place - before) * (high[channel] - value)));
  }

  // 256 colours: from 0 to 1, or from −limit to limit.
  function colours(signed) {
    const list = signed ? SIGNED[scheme()] : VIRIDIS;
    return Array.from({ length: 256 }, (_, index) => interpolated(list, index / 255));
  }
  const css = ([red, green, blue]) => `rgb(${red} ${green} ${blue})`;

  function canvas(width, height) {
    return Object.assign(document.createElement("canvas"), { width, height });
  }

  // Sizes a canvas in CSS pixels, sharp on dense screens, and clears it.
  function fitted(element, width, height) {
    const dense = Math.min(window.devicePixelRatio || 1, 2);
    const [w, h] = [Math.max(1, Math.round(width * dense)), Math.max(1, Math.round(height * dense))];
    if (element.width !== w || element.height !== h) [element.width, element.height] = [w, h];
    if (element.style.height !== `${height}px`) element.style.height = `${height}px`;
    const context = element.getContext("2d");
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  // One pixel a step and unit, the units in their order from above: drawn once, scaled afterwards.
  function bitmap(values, sequence, steps, order) {
    const table = colours(values.signed), mask = MASK[scheme()];
    const picture = canvas(Math.max(steps, 1), order.length), context = picture.getContext("2d");
    const image = context.createImageData(picture.width, picture.height);
    order.forEach((unit, row) => {
      const scale = values.signed ? values.high[unit] / values.limit : 1;
      for (let step = 0; step < steps; step++) {
        const level = values.level(sequence, step, unit);
        const index = values.signed ? 127.5 + (level - 127) * scale : level * (255 / 254);
        const colour = level === Microscope.MASKED ? mask : table[Math.min(Math.max(Math.round(index), 0), 255)];
        const place = 4 * (row * picture.width + step);
        image.data[place] = colour[0]; image.data[place + 1] = colour[1]; image.data[place + 2] = colour[2]; image.data[place + 3] = 255;
      }
    });
    context.putImageData(image, 0, 0);
    return picture;
  }

  // The part of a bitmap from `start` on, each of its steps `width` wide.
  function scaled(context, picture, start, width, visible, height) {
    context.imageSmoothingEnabled = width < 1;
    const count = Math.min(picture.width - start, Math.ceil(visible / width));
    if (count > 0) context.drawImage(picture, start, 0, count, picture.height, 0, 0, count * width, height);
  }

  // The column under the cursor as bars: gates from the left, what has a sign from the middle.
  function column(context, values, sequence, step, order, width, height) {
    const row = height / order.length, table = cssColours(values.signed);
    for (let index = 0; index < order.length; index++) {
      const value = values.at(sequence, step, order[index]);
      if (Number.isNaN(value)) continue;
      const share = values.signed ? value / values.limit : value, clipped = Math.max(-1, Math.min(1, share));
      context.fillStyle = table[Math.round(values.signed ? 127.5 + 127.5 * clipped : 255 * clipped)];
      const length = values.signed ? (clipped * width) / 2 : clipped * width;
      const left = values.signed ? width / 2 + Math.min(length, 0) : 0;
      context.fillRect(left, index * row, Math.max(Math.abs(length), 1), Math.max(row - (row >= 3 ? 1 : 0), 0.75));
    }
  }
  const remembered = new Map();
  function cssColours(signed) {
    const key = scheme() + signed;
    if (!remembered.has(key)) remembered.set(key, colours(signed).map(css));
    return remembered.get(key);
  }

  // Lines over the steps: [{values(step), colour, wide}]; all share one scale.
  function lines(context, rows, range, height, zero = true) {
    const { start, width, count } = range;
    const all = rows.flatMap((row) => Array.from({ length: count }, (_, step) => row.value(start + step))).filter(Number.isFinite);
    let [low, high] = [Math.min(...all), Math.max(...all)];
    if (zero) { low = Math.min(low, 0); high = Math.max(high, 0); }
    if (!all.length || low === high) { low -= 1; high += 1; }
    const y = (value) => 4 + ((height - 8) * (high - value)) / (high - low);
    if (low <= 0 && high >= 0) {
      context.fillStyle = style("--line");
      context.fillRect(0, y(0), count * width, 1);
    }
    for (const row of rows) {
      context.strokeStyle = row.colour;
      context.lineWidth = row.wide || 1.5;
      context.globalAlpha = row.alpha || 1;
      context.lineJoin = "round";
      context.beginPath();
      let drawing = false;
      for (let step = 0; step < count; step++) {
        const value = row.value(start + step);
        if (!Number.isFinite(value)) { drawing = false; continue; }
        const x = (step + 0.5) * width;
        if (drawing) context.lineTo(x, y(value)); else context.moveTo(x, y(value));
        drawing = true;
      }
      context.stroke();
    }
    context.globalAlpha = 1;
    return { low, high };
  }

  const shownToken = (token) => (token === "\n" ? "↵" : token === " " ? "·" : token === "\t" ? "⇥" : token.trim().replace("▁", "·") || token);

  // How high a track is drawn with steps of this width.
  function trackHeight(track, sequence, width) {
    if (track.kind === "tokens") return longest(track) <= 2 ? 26 : width >= 9 * longest(track) ? 26 : 84;
    if (track.kind === "image") return Math.min(Math.max(2 * track.values[sequence].shape[1], 80), 180);
    return track.kind === "frames" ? Math.min(Math.max(width, 24), 72) + 4 : 110;
  }
  function longest(track) {
    return (track.longest ??= Math.max(...track.values.slice(0, 4).flat().map((token) => shownToken(token).length)));
  }

  // `line` is the index of the line that is drawn strongly.
  function drawTrack(context, track, sequence, range, height, line = 0) {
    const { start, width, count } = range, value = track.values[sequence];
    if (track.kind === "tokens") drawTokens(context, track, value, range, height);
    if (track.kind === "lines") {
      const order = [...value.keys()].sort((one, other) => (one === line) - (other === line));
      lines(context, order.map((index) => ({
        value: (step) => value[index][step] ?? NaN, wide: index === line ? 2 : 1, alpha: index === line ? 1 : 0.35,
        colour: index === line ? style("--ink") : style("--quiet"),
      })), range, height);
    }
    if (track.kind === "image") {
      const picture = (track.pictures ??= new Map()).get(sequence + scheme()) ?? imageBitmap(track, sequence);
      scaled(context, picture, start, width, count * width, height);
    }
    if (track.kind === "frames") {
      const picture = ((track.pictures ??= new Map()).get(sequence) ?? frames(track, sequence));
      if (!picture.complete) return picture.decode();
      const side = picture.height, size = Math.min(width - 1, height - 2);
      context.imageSmoothingEnabled = size < side;
      for (let step = 0; step < count; step++) {
        context.drawImage(picture, (start + step) * side, 0, side, side, step * width + (width - size) / 2, (height - size) / 2, size, size);
      }
    }
    return null;
  }

  function drawTokens(context, track, tokens, { start, width, count }, height) {
    const upright = height > 30, size = Math.min(upright ? Math.min(width * 0.8, 13) : 15, upright ? 13 : width * 1.5);
    context.fillStyle = style("--ink");
    context.font = `${Math.max(size, 1)}px ui-monospace, "DejaVu Sans Mono", monospace`;
    context.textBaseline = "middle";
    for (let step = 0; step < count; step++) {
      const token = tokens[start + step];
      if (token === undefined) break;
      const text = shownToken(token);
      context.globalAlpha = text === "·" && token === " " ? 0.4 : 1;
      if (size < 5) {
        if (token.trim()) context.fillRect(step * width, height / 2 - 3, Math.max(width - 0.5, 0.5), 6);
      } else if (upright) {
        context.save();
        context.translate((step + 0.5) * width, height - 3);
        context.rotate(-Math.PI / 2);
        context.fillText(text.length > 11 ? `${text.slice(0, 10)}…` : text, 0, 0);
        context.restore();
      } else {
        context.textAlign = "center";
        context.fillText(text, (step + 0.5) * width, height / 2);
        context.textAlign = "start";
      }
    }
    context.globalAlpha = 1;
  }

  // Rows from below, from the paper's colour to the ink's.
  function imageBitmap(track, sequence) {
    const { bytes, shape: [steps, rows] } = track.values[sequence], levels = Microscope.decoded(bytes);
    const ramp = scheme() === "dark" ? ["#12161c", "#37414d", "#8f9dac", "#f2f5f8"] : ["#ffffff", "#c3ccd6", "#66727f", "#14181d"];
    const table = Array.from({ length: 256 }, (_, index) => interpolated(ramp, index / 254));
    const picture = canvas(Math.max(steps, 1), rows), context = picture.getContext("2d"), image = context.createImageData(picture.width, rows);
    for (let step = 0; step < steps; step++) {
      for (let row = 0; row < rows; row++) {
        image.data.set([...table[levels[step * rows + row]], 255], 4 * ((rows - 1 - row) * picture.width + step));
      }
    }
    context.putImageData(image, 0, 0);
    track.pictures.set(sequence + scheme(), picture);
    return picture;
  }

  function frames(track, sequence) {
    const picture = Object.assign(new Image(), { src: track.values[sequence].picture });
    track.pictures.set(sequence, picture);
    return picture;
  }

  return { PICKS, scheme, style, colours, css, fitted, bitmap, scaled, column, lines, drawTrack, trackHeight, shownToken, longest };
})());
