"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;

  // ---- theme -------------------------------------------------------------------------------
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  let asked = null; // what the reader chose, before what the system prefers
  let printing = false;
  const isDark = () => !printing && (asked === null ? dark.matches : asked === "dark");
  const applyTheme = () => {
    root.dataset.theme = isDark() ? "dark" : "light";
    for (const element of drawn) draw(element);
  };
  document.getElementById("theme").addEventListener("click", () => {
    asked = isDark() ? "light" : "dark";
    applyTheme();
  });
  dark.addEventListener("change", applyTheme);

  // ---- numbers: the rules of benchmarks/core/numbers.py ------------------------------------
  const few = (value, digits) => value.toLocaleString("en-US", { maximumFractionDigits: digits });
  const significant = (value) => value.toLocaleString("en-US", { maximumSignificantDigits: 3 });
  const six = (value) => {
    if (value === 0 || Math.abs(value) >= 1e-4) return String(Number(value.toPrecision(6)));
    const [digits, power] = Number(value.toPrecision(6)).toExponential().split("e-");
    return `${digits}e-${power.padStart(2, "0")}`;
  };
  const formats = {
    text: String,
    int: (value) => few(value, 1),
    seconds: (value) => (value >= 100 ? few(value, 0) : value >= 0.1 ? value.toFixed(2) : value.toFixed(4)),
    percent: (value) => (value === 0 ? "0" : `${significant(100 * value)} %`),
    mb: (value) => `${few(value, 0)} MB`,
    value: (value) => (Math.abs(value) < 1 ? six(value) : few(value, 4)),
    exact: (value) => formats.value(value),
    dollars: (value) => few(value, 0),
  };
  const textOf = (cell, kind) => {
    if (cell === null || cell === "") return "";
    if (Array.isArray(cell)) return cell[0];
    return typeof cell === "number" ? formats[kind](cell) : cell;
  };
  const keyOf = (cell) => (Array.isArray(cell) ? cell[1] : cell === "" ? null : cell);
  // What a program reads of a cell, one text for each field of its column.
  const INFINITE = 1e308; // JSON has no infinity
  const plain = (value) => (value === INFINITE ? "inf" : value === -INFINITE ? "-inf" : String(value ?? ""));
  const valuesOf = (cell, column) => {
    const values = Array.isArray(cell) ? cell.slice(1) : [cell];
    // A whole number is its own exact value and is written once in the page; a float has none.
    const whole = Array.isArray(cell) && column.fields.length === 2 && Math.abs(cell[1]) < INFINITE;
    if (whole && values.length === 1) values.push(cell[1]);
    return column.fields.map((_, i) => plain(values[i]));
  };

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name in element && name !== "list") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  const saveCsv = (name, header, rows) => {
    const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const lines = [header, ...rows].map((row) => row.map((cell) => quote(String(cell ?? ""))).join(","));
    const url = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    make("a", { href: url, download: `${name}.csv` }).click();
    URL.revokeObjectURL(url);
  };

  // ---- tables: sort, filter, pages ---------------------------------------------------------
  const PAGE = 15;
  const FACET_MOST = 30;
  const printers = [];

  const PAPER = 698; // pixels between the margins of the narrower of the usual papers (A4)
  const MOST_KEYS = 0.7; // of a page's width for the columns that stand in every part of a wide table
  const MOST_PRINTED = 400;
  const LONG = 48; // characters of a text that may go on in the next line, at a space

  const buildTable = (place) => {
    const { name, title, columns, rows, folded } = data.tables[place.dataset.table];
    const numeric = columns.map((column) => column.kind !== "text");
    const words = rows.map((row) =>
      row.map((cell, i) => textOf(cell, columns[i].kind)).join(" \u0001 ").toLowerCase());
    const state = columns.findIndex((column) => column.label === "status");
    const isFolded = (r) => folded !== "" && state >= 0 && rows[r][state] === folded;
    const hidden = rows.filter((_, r) => isFolded(r)).length;
    let unfolded = false;
    let order = rows.map((_, i) => i);
    let shown = order;
    let page = 0;
    let sorted = null;

    const search = make("input", { type: "search", placeholder: "Filter by words", ariaLabel: `Filter ${title}` });
    const count = make("span", { className: "count", role: "status" });
    const tools = make("div", { className: "tools" }, search);
    const facets = new Map();
    columns.forEach((column, i) => {
      if (!column.facet) return;
      const values = [...new Set(rows.map((row) => row[i]).filter((value) => value))].sort();
      if (values.length < 2 || values.length > FACET_MOST) return;
      const options = values.map((value) => make("option", { value }, value));
      const select = make("select", { ariaLabel: column.label }, make("option", { value: "" }, `${column.label}: all`), ...options);
      select.addEventListener("change", filter);
      facets.set(i, select);
      tools.append(select);
    });
    if (hidden) {
      const fold = make("button", { type: "button", className: "unfold", ariaPressed: "false" }, `${folded}: ${few(hidden, 0)}`);
      fold.addEventListener("click", () => {
        unfolded = !unfolded;
        fold.ariaPressed = String(unfolded);
        filter();
      });
      tools.append(fold);
    }
    const save = make("button", { type: "button" }, "CSV");
    save.addEventListener("click", () =>
      saveCsv(name, columns.flatMap((column) => column.fields),
        shown.map((i) => rows[i].flatMap((cell, k) => valuesOf(cell, columns[k])))));
    tools.append(save, count);

    const heads = columns.map((column, i) => {
      const button = make("button", { type: "button", title: column.help || column.label }, column.label);
      button.addEventListener("click", () => sort(i));
      return make("th", { scope: "col", className: numeric[i] ? "number" : "" }, button);
    });
    const lineOf = (r, which) => make("tr", {}, ...which.map((i) => {
      const text = textOf(rows[r][i], columns[i].kind);
      const loud = text.startsWith("CONTRADICTION") ? "loud " : "";
      return make("td", { className: loud + (numeric[i] ? "number" : text.length > LONG ? "wide" : "") }, text);
    }));
    const all = columns.map((_, i) => i);
    const body = make("tbody");
    const table = make("table", { ariaLabel: title }, make("thead", {}, make("tr", {}, ...heads)), body);
    const scroll = make("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: title }, table);
    const back = make("button", { type: "button" }, "Back");
    const next = make("button", { type: "button" }, "Next");
    const where = make("span");
    back.addEventListener("click", () => { page -= 1; fill(); });
    next.addEventListener("click", () => { page += 1; fill(); });
    const pager = make("div", { className: "pager" }, where, back, next);

    function fill() {
      const pages = Math.max(1, Math.ceil(shown.length / PAGE));
      page = Math.min(Math.max(page, 0), pages - 1);
      const lines = shown.slice(page * PAGE, (page + 1) * PAGE).map((r) => lineOf(r, all));
      body.replaceChildren(...lines);
      if (!lines.length) {
        const cell = make("td", { colSpan: columns.length, className: "empty" }, "Nothing matches.");
        body.replaceChildren(make("tr", {}, cell));
      }
      const most = unfolded ? rows.length : rows.length - hidden;
      count.textContent = shown.length === most ? `${few(most, 0)} ${most === 1 ? "row" : "rows"}` : `${few(shown.length, 0)} of ${few(most, 0)} rows`;
      pager.hidden = pages === 1;
      pager.style.display = pages === 1 ? "none" : "";
      where.textContent = `Page ${page + 1} of ${pages}`;
      back.disabled = page === 0;
      next.disabled = page === pages - 1;
    }

    function filter() {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      shown = order.filter((r) =>
        (unfolded || !isFolded(r)) &&
        wanted.every((word) => words[r].includes(word)) &&
        [...facets].every(([i, select]) => !select.value || rows[r][i] === select.value));
      page = 0;
      fill();
    }

    function sort(i) {
      const down = sorted === i && heads[i].ariaSort === "ascending";
      sorted = i;
      heads.forEach((head) => head.removeAttribute("aria-sort"));
      heads[i].setAttribute("aria-sort", down ? "descending" : "ascending");
      const sign = down ? -1 : 1;
      const keys = rows.map((row) => keyOf(row[i]));
      order = [...order].sort((a, b) => {
        const [one, other] = [keys[a], keys[b]];
        if (one === null || other === null) return (one === null) - (other === null); // nothing stands last
        if (typeof one === "number" && typeof other === "number") return sign * (one - other);
        return sign * String(one).localeCompare(String(other), "en", { numeric: true });
      });
      filter();
    }

    // On paper a table wider than the page is several tables, one under the other: each has the columns that tell
    // what a row is about, and as many others as fit. Widths are measured as the browser sets them.
    const sheet = (which, lines) => make("table", { ariaLabel: title },
      make("thead", {}, make("tr", {}, ...which.map((i) =>
        make("th", { scope: "col", className: numeric[i] ? "number" : "" }, columns[i].label)))),
      make("tbody", {}, ...lines.map((r) => lineOf(r, which))));

    function split(lines, dense) {
      const trial = sheet(all, lines);
      trial.className = `trial ${dense}`;
      place.replaceChildren(trial);
      const widths = [...trial.tHead.rows[0].cells].map((cell) => cell.getBoundingClientRect().width);
      const keys = new Set();
      let fixed = 0;
      for (const i of all.filter((k) => columns[k].key)) {
        if (fixed + widths[i] > MOST_KEYS * PAPER) break;
        keys.add(i);
        fixed += widths[i];
      }
      const groups = [[]];
      let used = fixed;
      for (const i of all.filter((k) => !keys.has(k))) {
        if (groups.at(-1).length && used + widths[i] > PAPER) {
          groups.push([]);
          used = fixed;
        }
        groups.at(-1).push(i);
        used += widths[i];
      }
      return groups.map((group) => all.filter((i) => keys.has(i) || group.includes(i)));
    }

    function print() {
      const lines = shown.slice(0, MOST_PRINTED);
      const [usual, small] = [split(lines, ""), split(lines, "dense")];
      const dense = small.length < usual.length; // smaller letters where they save a part
      const groups = dense ? small : usual;
      const sheets = groups.map((group) => sheet(group, lines));
      sheets.forEach((one) => one.classList.toggle("dense", dense));
      const left = rows.length - lines.length;
      const words = left ? [make("p", { className: "muted" },
        `${few(lines.length, 0)} of ${few(rows.length, 0)} rows are printed; the page and its CSV have them all.`)] : [];
      place.replaceChildren(...words, ...sheets.flatMap((one, k) => (sheets.length === 1 ? [one]
        : [make("p", { className: "part" }, `${title}: columns, part ${k + 1} of ${sheets.length}`), one])));
    }

    search.addEventListener("input", filter);
    printers.push((start) => {
      if (start) print();
      else place.replaceChildren(tools, scroll, pager);
    });
    place.replaceChildren(tools, scroll, pager);
    filter();
  };

  // ---- figures -----------------------------------------------------------------------------
  // Okabe and Ito's colours, and their lighter kin for dark pages; dashes and symbols say the same again.
  const COLOURS = {
    light: ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555"],
    dark: ["#56B4E9", "#FF9355", "#2DC8A0", "#EBA9CD", "#F2C14E", "#9DB7FF", "#C4C8CE"],
  };
  const DASHES = ["solid", "dash", "dashdot", "dot", "longdash", "5px,2px,1px,2px", "longdashdot"];
  const SYMBOLS = ["circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x"];
  const MOST_NAMES = 12; // more series than this have no legend: a map of thirty zones
  const TOOLBAR = 34; // pixels above every figure for Plotly's toolbar, which covers nothing there
  const NAMED_SITES = 40; // so many schools of a map at most are named on it
  const drawn = new Set();

  const trace = (series, i, figure, theme) => {
    const several = figure.series.some((other) => other.mark === "labels"); // small multiples
    const named = series.sites && series.sites.length <= NAMED_SITES && !several;
    const colour = series.colour || COLOURS[theme][i % COLOURS[theme].length];
    const base = { name: series.name, x: series.x, y: series.y, type: "scatter" };
    if (series.hover.length) Object.assign(base, { text: series.hover, hovertemplate: "%{text}<extra></extra>" });
    const line = { color: colour, width: 2.2, dash: DASHES[i % DASHES.length] };
    const marker = { color: colour, size: 8, symbol: SYMBOLS[i % SYMBOLS.length], opacity: 0.7 };
    switch (series.mark) {
      case "line": return { ...base, mode: "lines+markers", line, marker };
      case "steps": return { ...base, mode: "lines", line: { ...line, shape: "hv" } };
      case "points": return { ...base, mode: "markers", marker };
      case "ticks":
        return { ...base, mode: "markers",
          marker: { symbol: "line-ns", size: 16, line: { color: colour, width: 3.5 }, color: colour } };
      case "bars":
        return { ...base, type: "bar", textposition: "none", marker: { color: colour }, orientation: figure.y.categories.length ? "h" : "v" };
      case "dots": return { ...base, mode: "markers", showlegend: false, marker: { color: "#333333", size: 3 } };
      case "labels":
        return { ...base, mode: "text", text: series.hover, textposition: "top center", showlegend: false, hoverinfo: "skip", hovertemplate: null,
          cliponaxis: false, textfont: { size: 11 } };
      case "sites":
        return { ...base, mode: named ? "markers+text" : "markers", textposition: "top center",
          ...(named ? { text: series.sites, hovertext: series.hover, hovertemplate: "%{hovertext}<extra></extra>", cliponaxis: false,
            textfont: { size: 11, color: "#000000", shadow: "1px 1px 2px #fff, -1px -1px 2px #fff, 0 0 4px #fff" } } : {}),
          marker: { symbol: "star", size: several ? 8 : 15, color: "#000000", line: { color: "#ffffff", width: several ? 0.5 : 1.5 } } };
      default:
        return { ...base, mode: "lines", fill: "toself", fillcolor: colour, showlegend: false, line: { color: "#ffffff", width: several ? 0.3 : 0.8 },
          hoverinfo: "skip", ...(series.hatch ? { fillpattern: { shape: series.hatch, fgcolor: "#333333", size: 6 } } : {}) };
    }
  };

  // An area is a square in the legend: Plotly would show its outline.
  const keyOfArea = (series, colour) => ({ name: series.name, type: "scatter", mode: "markers", x: [null], y: [null], hoverinfo: "skip",
    marker: { symbol: "square", size: 13, color: colour } });

  // Log scales with the marks 1, 2, 5 in plain numbers, or powers of ten where there is a long way to go. Such a scale
  // has no place for 0 and infinity: they stand at its ends, on lines of their own.
  const logTicks = (spec, values, narrow) => {
    const special = [spec.zero, spec.infinite];
    const logs = values.filter((value) => value > 0 && !special.includes(value)).map(Math.log10);
    const [low, high] = logs.length ? [Math.floor(Math.min(...logs)), Math.ceil(Math.max(...logs))] : [0, -1];
    const every = Math.max(1, Math.ceil((high - low) / (narrow ? 4 : 7)));
    const steps = high - low <= (narrow ? 2 : 3) ? [1, 2, 5] : [1];
    const marks = [];
    for (let power = low; power <= high; power += every) {
      for (const step of steps) marks.push(Number(`${step}e${power}`));
    }
    const plainly = (value) => (value >= 1e6 || value < 1e-5 ? value.toExponential(0) : few(value, 5));
    const text = (value) => (spec.percent ? `${plainly(100 * value)} %` : plainly(value));
    const ticks = marks.map((mark) => [mark, text(mark)]);
    if (spec.zero !== null) ticks.unshift([spec.zero, "0"]);
    if (spec.infinite !== null) ticks.push([spec.infinite, "∞"]);
    const all = values.filter((value) => value > 0).map(Math.log10);
    const [first, last] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
    const pad = Math.max(0.08, 0.04 * (last - first), 0.4 - (last - first) / 2); // two marks at least
    return { tickmode: "array", tickvals: ticks.map(([mark]) => mark), ticktext: ticks.map(([, word]) => word),
      range: [first - pad, last + pad] };
  };

  const edges = (spec, name, ink) => [spec.zero, spec.infinite].filter((value) => value !== null).map((value) => ({
    type: "line", layer: "below", line: { color: ink.line, width: 1, dash: "dot" },
    ...(name === "x" ? { x0: value, x1: value, yref: "paper", y0: 0, y1: 1 } : { y0: value, y1: value, xref: "paper", x0: 0, x1: 1 }),
  }));

  const axis = (spec, values, ink, narrow) => ({
    title: { text: spec.title, font: { size: 12 }, standoff: 8 },
    type: spec.categories.length ? "category" : spec.log ? "log" : "linear",
    ...(spec.categories.length
      ? { categoryorder: "array", categoryarray: [...spec.categories].reverse(), tickfont: { size: narrow ? 10 : 12 },
          range: [-0.6, spec.categories.length - 0.4] }
      : {}),
    ...(spec.percent && !spec.log ? { tickformat: "~%", rangemode: "tozero" } : {}),
    ...(spec.log ? logTicks(spec, values, narrow) : {}),
    automargin: true, gridcolor: ink.grid, linecolor: ink.line, zerolinecolor: ink.line, visible: !spec.hidden,
  });

  // The library is text until a figure needs it: tables are there at once, figures follow.
  const library = () => {
    if (!window.Plotly) {
      document.head.append(make("script", { textContent: document.getElementById("plotly").textContent }));
    }
  };

  function draw(element) {
    library();
    const figure = data.figures[element.dataset.figure];
    const theme = isDark() ? "dark" : "light";
    const ink = theme === "dark"
      ? { text: "#e6e8eb", grid: "#343a42", line: "#6b7480", paper: "#1c2026" }
      : { text: "#1c2024", grid: "#e3e6ea", line: "#9aa3ad", paper: "#ffffff" };
    const plot = element.querySelector(".plot");
    const narrow = plot.clientWidth < 460;
    const map = figure.x.hidden && figure.y.hidden;
    const named = figure.series.filter((series) => !["dots", "labels"].includes(series.mark)).length;
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif", size: 12, color: ink.text },
      margin: { l: 8, r: 14, t: TOOLBAR, b: 8 },
      shapes: [...edges(figure.x, "x", ink), ...edges(figure.y, "y", ink)],
      xaxis: axis(figure.x, figure.series.flatMap((series) => series.x), ink, narrow),
      yaxis: { ...axis(figure.y, figure.series.flatMap((series) => series.y), ink, narrow), ...(map ? { scaleanchor: "x" } : {}) },
      showlegend: named > 1 && named <= MOST_NAMES,
      // Below the axis's title, in parts of the height that the plot itself has.
      legend: { orientation: "h", x: 0, y: -58 / Math.max(120, plot.clientHeight - 130), yanchor: "top", font: { size: narrow ? 10 : 12 } },
      hoverlabel: { align: "left", bgcolor: ink.paper, bordercolor: ink.line, font: { color: ink.text } },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: ink.line, activecolor: ink.text, orientation: "h" },
      hovermode: "closest", bargap: 0.25, dragmode: narrow ? false : "zoom",
    };
    if (figure.y.categories.length) layout.legend.y = -40 / Math.max(200, plot.clientHeight) - 0.06;
    if (map) layout.legend.y = -0.02;
    if (printing) Object.assign(layout, { width: plot.clientWidth, height: plot.clientHeight });
    const config = { responsive: true, displaylogo: false, displayModeBar: narrow ? false : "hover",
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]], toImageButtonOptions: { format: "svg", filename: figure.name } };
    const traces = figure.series.map((series, i) => trace(series, i, figure, theme));
    traces.push(...figure.series.filter((series) => series.mark === "area").map((series) =>
      keyOfArea(series, series.colour || COLOURS[theme][figure.series.indexOf(series) % COLOURS[theme].length])));
    if (figure.y.categories.length && figure.series.every((series) => series.mark === "bars")) {
      traces.reverse(); // Plotly stacks the bars of a category from below
      layout.legend.traceorder = "reversed";
    }
    Plotly.react(plot, traces, layout, config);
    drawn.add(element);
  }

  const EAGER = 8; // figures drawn without being looked at; the others when they come near the window
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    }
  }, { rootMargin: "400px" });

  // ---- one of several groups of figures ----------------------------------------------------
  for (const select of document.querySelectorAll("[data-choose]")) {
    const place = document.querySelector(`[data-chosen="${select.dataset.choose}"]`);
    const choose = () => {
      for (const group of place.children) {
        const chosen = group.dataset.option === select.value;
        group.classList.toggle("chosen", chosen);
        for (const element of chosen ? group.querySelectorAll("[data-figure]") : []) {
          if (drawn.has(element)) Plotly.Plots.resize(element.querySelector(".plot"));
        }
      }
    };
    place.classList.add("choosing");
    select.addEventListener("change", choose);
    choose();
  }

  // ---- paper -------------------------------------------------------------------------------
  // The page takes the width of paper before anything is measured or drawn for it.
  const opened = new Set(); // what is folded on the screen and open on paper
  const onPaper = (start) => {
    printing = start;
    root.toggleAttribute("data-paper", start);
    for (const fold of start ? document.querySelectorAll("details:not([open])") : opened) {
      fold.open = start;
      if (start) opened.add(fold);
    }
    if (!start) opened.clear();
    printers.forEach((print) => print(start));
    // Drawn anew: a figure that is to change its size while it is still being drawn may never end. Those that are
    // hidden wait until they come into view.
    const again = [...(start ? document.querySelectorAll("[data-figure]") : drawn)];
    for (const element of drawn) Plotly.purge(element.querySelector(".plot"));
    drawn.clear();
    applyTheme();
    again.filter((element) => element.offsetParent).forEach(draw);
  };
  window.addEventListener("beforeprint", () => onPaper(true));
  window.addEventListener("afterprint", () => onPaper(false));

  applyTheme();
  document.querySelectorAll("[data-table]").forEach(buildTable);
  // Whoever prints or photographs the page without scrolling sees the first figures too: the first at once,
  // the next few as soon as the page stands.
  const figures = [...document.querySelectorAll("[data-figure]")];
  const eager = figures.filter((element) => element.offsetParent).slice(0, EAGER);
  const next = () => {
    const element = eager.shift();
    if (!element) return;
    if (!drawn.has(element)) draw(element);
    setTimeout(next);
  };
  next();
  figures.forEach((element) => watcher.observe(element));
  root.dataset.ready = "yes";
})();
