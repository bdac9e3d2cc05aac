// What every page does: its charts in the colours of the page, their data as CSV, navigation, search, tables that sort.
"use strict";

// Colours

const isDark = () => getComputedStyle(document.documentElement).colorScheme === "dark"
  || (document.documentElement.dataset.theme === undefined && matchMedia("(prefers-color-scheme: dark)").matches);

/** The colour that a token of the style sheet has now. `light-dark()` is resolved only in a property that takes colours. */
function token(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

function themed() {
  const [paper, raised, ink, line] = ["--paper", "--raised", "--ink", "--line"].map(token);
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line };
  const { layout, data } = chartTemplate;
  return {
    data,
    layout: {
      ...layout,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { ...layout.font, color: ink },
      xaxis: { ...layout.xaxis, ...axis },
      yaxis: { ...layout.yaxis, ...axis },
      hoverlabel: { ...layout.hoverlabel, bgcolor: raised, bordercolor: line, font: { color: ink } },
      legend: { bgcolor: "rgba(0,0,0,0)" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: line, activecolor: ink },
      updatemenudefaults: { bgcolor: paper, bordercolor: line, font: { color: ink } },
    },
  };
}

function changeTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("theme", theme); } catch { /* a browser that stores nothing for files */ }
  recolour();
}

function recolour() {
  const template = themed();
  document.querySelectorAll(".js-plotly-plot").forEach((plot) => Plotly.relayout(plot, { template }));
  document.dispatchEvent(new CustomEvent("themechange"));
}

// Charts

const charts = new Map(); // figure -> its data and layout

function drawCharts() {
  const template = themed();
  const waiting = [...document.querySelectorAll("figure.chart")];
  for (const figure of waiting) {
    const button = document.createElement("button");
    button.className = "csv";
    button.type = "button";
    button.textContent = "CSV";
    button.addEventListener("click", () => save(`${figure.id}.csv`, csv(charts.get(figure))));
    figure.prepend(button);
    charts.set(figure, JSON.parse(figure.querySelector("script").textContent));
  }
  const draw = () => { // one at a time, so that the page answers in between
    const figure = waiting.shift();
    if (!figure) return;
    const { data, layout, config } = charts.get(figure);
    Plotly.newPlot(figure.querySelector(".plot"), data, { ...layout, template }, config);
    setTimeout(draw);
  };
  draw();
}

/** The points of all traces, a row each, under the titles of the axes. */
function csv({ data, layout }) {
  const title = (axis) => (typeof axis?.title === "string" ? axis.title : axis?.title?.text);
  const quoted = (value) => {
    const text = value === null || value === undefined ? "" : String(value).replaceAll("<br>", " ");
    return text.match(/[",\n]/) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const rows = [["series", title(layout.xaxis) || "x", title(layout.yaxis) || "y", "value"]];
  for (const trace of data) {
    const name = trace.name ?? "";
    if (trace.z) {
      trace.z.forEach((row, y) => row.forEach((value, x) => rows.push([name, trace.x?.[x] ?? x, trace.y?.[y] ?? y, value])));
    } else {
      const points = trace.x ?? trace.y ?? [];
      points.forEach((_, index) => rows.push([name, trace.x?.[index] ?? index, trace.y?.[index] ?? "", trace.text?.[index] ?? ""]));
    }
  }
  return rows.map((row) => row.map(quoted).join(",")).join("\n") + "\n";
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Navigation

function entry(href, text, kind = "") {
  const item = document.createElement("li");
  item.className = kind;
  const link = document.createElement("a");
  link.href = href;
  link.textContent = text;
  if (link.href === location.href.split("#")[0]) link.setAttribute("aria-current", "page");
  item.append(link);
  return item;
}

function menus() {
  const root = document.body.dataset.root;
  const problems = document.querySelector("#menu-problems ul"); // a page alone has none
  for (const [title, folder, models] of window.site?.tasks ?? []) {
    problems.append(entry(`${root}/${folder}/index.html`, title));
    if (location.pathname.includes(`/${folder}/`)) {
      models.forEach((model) => problems.append(entry(`${root}/${folder}/${encodeURIComponent(model)}.html`, model, "part")));
    }
  }
  const parts = document.querySelector("#menu-parts ul");
  for (const heading of document.querySelectorAll("main h2, main figure > h4")) {
    const id = heading.closest("[id]")?.id;
    if (id) parts.append(entry(`#${encodeURIComponent(id)}`, heading.textContent, heading.tagName === "H4" ? "part" : ""));
  }
  document.addEventListener("click", (event) => {
    document.querySelectorAll(".bar details[open]").forEach((menu) => {
      if (!menu.contains(event.target) || event.target.closest("li")) menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelectorAll(".bar details[open]").forEach((menu) => { menu.open = false; });
  });
}

// Search

const MOST = 12;

function searchBox() {
  const input = document.getElementById("search");
  if (!input) return; // a page alone, without a site around it
  const list = document.getElementById("found");
  const root = document.body.dataset.root;
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  let entries;
  const show = () => {
    entries ??= (window.site?.entries ?? []).map(([title, href, page]) => ({ title, href, page, words: plain(`${title} ${page}`) }));
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    const found = words.length ? entries.filter((one) => words.every((word) => one.words.includes(word))).slice(0, MOST) : [];
    list.replaceChildren(...found.map((one) => entry(`${root}/${one.href}`, one.page ? `${one.title} – ${one.page}` : one.title)));
    if (words.length && !found.length) {
      const none = document.createElement("li");
      none.className = "note";
      none.textContent = gettext("Nothing found.");
      list.append(none);
    }
  };
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") list.querySelector("a")?.click();
    if (event.key === "ArrowDown") { list.querySelector("a")?.focus(); event.preventDefault(); }
    if (event.key === "Escape") { input.value = ""; show(); }
  });
  list.addEventListener("keydown", (event) => {
    const item = document.activeElement.parentElement;
    const next = { ArrowDown: item.nextElementSibling, ArrowUp: item.previousElementSibling }[event.key];
    if (next) { next.querySelector("a")?.focus(); event.preventDefault(); }
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".search")) list.replaceChildren(); });
}

// Tables

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

document.addEventListener("DOMContentLoaded", () => {
  menus();
  searchBox();
  drawCharts();
  document.querySelectorAll(".coloured").forEach(colouredText);
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll(".bar .language").forEach((link) => link.addEventListener("click", () => { link.hash = location.hash; }));
  document.querySelector(".theme").addEventListener("click", changeTheme);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details:not([open])")];
    folded.forEach((part) => { part.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((part) => { part.open = false; }));
});
