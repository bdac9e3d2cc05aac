// What the latest run did, on the graph of the stages.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const said = document.getElementById("last-run");
  const run = window.lastRun;
  if (!run) {
    said.textContent = gettext("No “gatehouse run” has written here what it did: there are no times to show.");
    document.querySelector(".legend").hidden = true;
    return;
  }
  const language = document.documentElement.lang;
  const duration = (seconds) => seconds < 60
    ? `${seconds.toLocaleString(language, { maximumFractionDigits: 1 })} s`
    : `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")} min`;
  const states = {
    ran: gettext("ran"), cached: gettext("cached"), restored: gettext("restored"),
    unchanged: gettext("unchanged"), failed: gettext("failed"), skipped: gettext("skipped"),
  };
  const counts = {};
  let sum = 0;
  for (const stage of document.querySelectorAll(".stage")) {
    const entry = run.stages[stage.dataset.stage];
    const state = entry?.run === run.number ? entry.state : "unchanged";
    stage.classList.add(state === "restored" ? "cached" : state);
    if (!entry) continue;
    if (state !== "unchanged") {
      counts[state] = (counts[state] ?? 0) + 1;
      sum += state === "ran" ? entry.seconds : 0;
    }
    stage.querySelector("title").textContent = [stage.dataset.stage, states[state], duration(entry.seconds), entry.why].filter(Boolean).join(" · ");
    const box = stage.querySelector("rect");
    const time = document.createElementNS("http://www.w3.org/2000/svg", "text");
    time.setAttribute("x", Number(box.getAttribute("x")) + Number(box.getAttribute("width")) - 5);
    time.setAttribute("y", Number(box.getAttribute("y")) + 14);
    time.setAttribute("class", "time");
    time.textContent = entry.seconds < 60 ? `${Math.round(entry.seconds)} s` : `${Math.round(entry.seconds / 60)} min`;
    stage.append(time);
  }
  const values = {
    time: new Date(run.finished).toLocaleString(language),
    wall: duration(run.wall),
    sum: duration(sum),
    counts: Object.entries(counts).map(([state, count]) => `${count} ${states[state]}`).join(", "),
  };
  const sentence = gettext(
    "Latest run: {time}. It took {wall}, in which stages ran for {sum}: {counts}. A stage shows how long it took when it last ran; hover over it for the reason.",
  );
  said.textContent = sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);
});
