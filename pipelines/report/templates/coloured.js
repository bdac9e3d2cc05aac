// Texts, of which one is coloured by one row of a layer: 0 white to 1 blue, or −1 red over white to 1 blue.
function colouredText(container) {
  const texts = JSON.parse(container.querySelector("script").textContent);
  const [which, layer, row, text, scale] = [".which", ".layer", ".row", ".text", ".scale"].map((name) => container.querySelector(name));
  const digits = { minimumFractionDigits: 2, maximumFractionDigits: 2 };
  let spans;
  const chosen = () => texts[which ? which.value : 0];
  const read = () => {
    spans = chosen().tokens.map((token) => {
      const span = document.createElement("span");
      span.textContent = token === "\n" ? "↵\n" : token;
      return span;
    });
    text.replaceChildren(...spans);
    name();
  };
  const colour = (value, signed) => {
    const strength = signed ? Math.abs(value - 127.5) / 127.5 : value / 255;
    return signed && value < 127.5 ? `rgba(213, 94, 0, ${strength})` : `rgba(0, 114, 178, ${strength})`;
  };
  const draw = () => {
    const { values, signed } = chosen().layers[layer.value];
    const bytes = Uint8Array.from(atob(values), (character) => character.charCodeAt(0));
    spans.forEach((span, time) => {
      const value = bytes[row.selectedIndex * spans.length + time];
      span.style.backgroundColor = colour(value, signed);
      span.title = (signed ? value / 127.5 - 1 : value / 255).toLocaleString(document.documentElement.lang, digits);
    });
    scale.innerHTML = signed ? "<i class=low></i>−1 <i></i>0 <i class=high></i>1" : "<i></i>0 <i class=high></i>1";
  };
  const name = () => {
    const before = row.options.length ? row.selectedIndex : Number(row.dataset.chosen);
    row.replaceChildren(...chosen().layers[layer.value].rows.map((label) => new Option(label)));
    row.selectedIndex = Math.min(before, row.options.length - 1);
    draw();
  };
  const move = (by) => { row.selectedIndex = (row.selectedIndex + by + row.options.length) % row.options.length; draw(); };
  if (which) which.addEventListener("change", read);
  layer.addEventListener("change", name);
  row.addEventListener("change", draw);
  container.querySelector(".before").addEventListener("click", () => move(-1));
  container.querySelector(".after").addEventListener("click", () => move(1));
  read();
}
