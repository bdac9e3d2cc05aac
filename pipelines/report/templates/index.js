// Tables that sort by a click on a heading, and the table from which a reader chooses.
"use strict";

function sortable(table) {
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    return text === "" || text === "–" ? null : text;
  };
  table.querySelectorAll("thead th").forEach((heading, column) => {
    heading.tabIndex = 0;
    const sort = () => {
      const ascending = heading.getAttribute("aria-sort") !== "ascending";
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      const numbers = rows.every((row) => value(row, column) === null || !Number.isNaN(Number(value(row, column))));
      rows.sort((one, other) => {
        const [a, b] = [value(one, column), value(other, column)];
        if (a === null || b === null) return (a === null) - (b === null); // missing ones last
        const order = numbers ? Number(a) - Number(b) : a.localeCompare(b);
        return ascending ? order : -order;
      });
      table.tBodies[0].append(...rows);
    };
    heading.addEventListener("click", sort);
    heading.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
  });
}

function choose(form, table, result) {
  const update = () => {
    const wanted = Object.fromEntries(new FormData(form));
    const forward = wanted.future === "no";
    const winners = {}, cells = {};
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const of = row.dataset;
      const fits = ["task", "examples", "steps", "memory"].every((key) => !wanted[key] || of[key] === wanted[key]);
      row.hidden = !fits || (wanted.seconds && Number(of.seconds) > Number(wanted.seconds));
      row.querySelector(".any").hidden = forward;
      row.querySelector(".forward").hidden = !forward;
      if (row.hidden) continue;
      shown += 1;
      if (!(forward && of.future === "yes")) winners[of.winner] = (winners[of.winner] ?? 0) + 1;
      if (of.cells) cells[of.cells] = (cells[of.cells] ?? 0) + 1;
    }
    const best = Object.entries(winners).sort((a, b) => b[1] - a[1]).map(([name, number]) => `${name} on ${number}`);
    result.textContent = shown === 0
      ? "No problem of this run is like that; choose less."
      : `${shown} ${shown === 1 ? "problem" : "problems"} of this run. Best: ${best.join(", ")}. `
        + `LSTM against GRU: no significant difference on ${cells.neither ?? 0}, LSTM better on ${cells.LSTM ?? 0}, GRU on ${cells.GRU ?? 0}.`;
  };
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  update();
}

document.querySelectorAll("table.sortable").forEach(sortable);
choose(document.querySelector("form.choose"), document.querySelector("#choices"), document.querySelector("#chosen"));
