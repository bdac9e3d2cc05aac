"use strict";
// «Which should I use?»: looks the reader's answers up in the table that this run computed.
function chooseCell(form) {
  const { cases, table, questions } = JSON.parse(document.getElementById(form.dataset.cases).textContent);
  const answer = document.getElementById("choice-answer");
  const links = (list) => {
    const parts = list.flatMap((index) => {
      const link = document.createElement("a");
      link.href = cases[index].page;
      link.textContent = cases[index].name;
      return [link, ", "];
    });
    return parts.slice(0, -1);
  };
  const paragraph = (...parts) => {
    const element = document.createElement("p");
    element.append(...parts);
    return element;
  };
  const show = () => {
    const key = Object.keys(questions).map((name) => form.elements[name].value).join("|");
    const { family, matching, supporting, against, baseline } = table[key];
    if (family === null) {
      answer.replaceChildren(paragraph(gettext("No problem of this run has a network that may be used there: all of them read backwards too.")));
      return;
    }
    const heading = document.createElement("b");
    heading.textContent = family;
    const close = matching === 4
      ? gettext("Problems of this run that are like yours in all four properties are what this is counted from.")
      : matching === 0
        ? gettext("No problem of this run is like yours; this is counted from all of them, so take it as a start.")
        : gettext("No problem of this run is like yours in all four properties; this is counted from those that share {matching} of them.")
          .replace("{matching}", matching);
    answer.replaceChildren(paragraph(gettext("Try first: "), heading, "."));
    answer.append(paragraph(gettext("For it: "), ...links(supporting), "."));
    answer.append(against.length ? paragraph(gettext("Against it: "), ...links(against), ".") : paragraph(gettext("No such problem speaks against it.")));
    if (baseline.length) {
      answer.append(paragraph(gettext("Before you train anything: no network was significantly better than the best baseline on "), ...links(baseline), "."));
    }
    const note = paragraph(close);
    note.className = "note";
    answer.append(note);
  };
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("form.choice").forEach(chooseCell));
