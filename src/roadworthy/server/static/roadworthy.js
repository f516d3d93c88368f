// Pages work without this script. With it, forms are sent without a reload, what changed is shown as it
// happens, and keys do what buttons do. No other host is asked for anything.
"use strict";
(() => {
  const $ = (what, at = document) => at.querySelector(what);
  const $$ = (what, at = document) => [...at.querySelectorAll(what)];
  const on = (what, act) => document.addEventListener(what, act);
  const active = () => document.activeElement;
  const status = (text) => { const at = $("#live-state"); if (at) at.textContent = text; };
  const typing = (at) => at && (at.isContentEditable || /^(TEXTAREA|SELECT)$/.test(at.tagName) ||
    (at.tagName === "INPUT" && !/^(button|submit|reset|radio|checkbox)$/.test(at.type)));
  const touched = (part) => $$("input, textarea, option", part).some((at) => at.matches("option")
    ? at.selected !== at.defaultSelected : at.checked !== at.defaultChecked || at.value !== at.defaultValue);

  // ── parts of a page in the place of the old ones; focus and what is open stay ──
  const put = (old, fresh) => {
    const focus = old.contains(active()) && active().id;
    const open = $$("details[open][id]", old);
    old.replaceWith(fresh);
    for (const { id } of open) document.getElementById(id)?.setAttribute("open", "");
    if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
  };
  const read = (text) => new DOMParser().parseFromString(text, "text/html");
  // What stands around the content: where a form leads to a page with other styles, or of another person, it is loaded whole.
  const frame = (at) => $$("link, .who a", at).map((one) => one.outerHTML) + "";
  const show = (text, url, moved) => {
    const fresh = read(text);
    if (moved && frame(fresh) !== frame()) return location.assign(url);
    for (const part of ["nav.main", "#content", ".foot"]) {
      const made = $(part, fresh);
      if (made) $(part)?.replaceWith(made);
    }
    document.title = fresh.title;
    document.body.dataset.topics = fresh.body.dataset.topics || "";
    if (url && url !== location.href) history.pushState(null, "", url);
    const first = $("[role=alert]") || $("[autofocus]") || $("h1");
    if (first?.matches("h1, [role=alert]")) first.tabIndex = -1;
    first?.focus();
    if (!$("[role=alert]")) scrollTo(0, 0);
    row = -1; used = last = 0;
    listen();
  };
  onpopstate = () => location.reload();

  // ── for how long this page was seen and in focus; forms that ask are told ──
  let used = 0, since = 0, last = 0;
  const look = () => {
    const now = performance.now();
    if (since) used += now - since;
    since = !document.hidden && document.hasFocus() ? now : 0;
    return Math.round(used);
  };
  look();
  onfocus = onblur = look;
  setInterval(() => { for (const at of $$("[data-left]")) if (--at.textContent < 1) at.closest("form").remove(); }, 1000);
  setInterval(() => {
    const form = $("form[data-again]");
    if (form && look() > last) fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
    last = used;
  }, 60000);

  // ── forms ──
  on("submit", async (e) => {
    const form = e.target, by = e.submitter;
    if (e.defaultPrevented || form.method !== "post" || form.dataset.plain !== undefined) return;
    e.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    const spent = $("[name=active_ms]", form);
    if (spent) spent.value = look();
    const fields = new URLSearchParams(new FormData(form, by));
    try {
      const answer = await fetch(by?.getAttribute("formaction") || form.action, { method: "POST", body: fields });
      if (answer.status === 401) told(form, "Your session has ended. Nothing you typed is lost: sign in in another tab, then send again.", true);
      else if (/^text\/html/.test(answer.headers.get("content-type"))) show(await answer.text(), answer.url, answer.redirected);
      else told(form, "What the server answered is no page.");
    } catch { told(form, "The server could not be reached. Nothing you typed is lost: send again."); }
    form.ariaBusy = "false";
  });
  const make = (name, has) => Object.assign(document.createElement(name), has);
  const told = (form, text, out) => {
    $(".unsent", form)?.remove();
    const note = make("p", { className: "notice bad unsent", role: "alert", textContent: text });
    if (out) note.append(make("a", { href: "/sign-in", target: "_blank", rel: "noopener", textContent: " Sign in" }));
    form.prepend(note);
  };

  // ── what changed, as it happens ──
  let stream, due = 0, paused = sessionStorage.getItem("paused") === "yes";
  const refresh = async () => {
    due = 0;
    const parts = $$("body [data-live]");
    if (!parts.length) return;
    try {
      const answer = await fetch(location.href, { headers: { "X-Refresh": "1" } });
      if (!answer.ok || answer.redirected) return;
      const fresh = read(await answer.text());
      for (const old of [...parts, $("nav.main")]) {
        const made = old && (old.id ? fresh.getElementById(old.id) : $("nav.main", fresh)), at = active();
        if (made && !touched(old) && !(old.contains(at) && typing(at)) && made.outerHTML !== old.outerHTML) put(old, made);
      }
      status(`Live, as of ${new Date().toLocaleTimeString()}`);
    } catch { status("Reconnecting"); }
  };
  const soon = () => { due = due || setTimeout(refresh, 400); };
  const listen = () => {
    stream?.close();
    const { topics } = document.body.dataset, at = $("#live");
    if (at) { at.hidden = !topics; at.ariaPressed = String(paused); }
    if (paused) status("Paused");
    if (!topics || document.hidden || paused) return;
    stream = new EventSource(`/events?topics=${encodeURIComponent(topics)}`);
    stream.onopen = () => { document.documentElement.dataset.live = "open"; status("Live"); };
    stream.onmessage = soon;
    stream.onerror = () => status(stream.readyState === 2 ? "Not live: reload" : "Reconnecting");
  };
  on("visibilitychange", () => { listen(); if (!document.hidden && !paused) soon(); });
  onpagehide = () => stream?.close();
  on("click", (e) => {
    const at = e.target.closest("#live, [data-opens], [data-closes]");
    if (!at) return;
    const { opens } = at.dataset;
    if (at.id === "live") { paused = !paused; sessionStorage.setItem("paused", paused ? "yes" : "no"); listen(); if (!paused) soon(); }
    else if (opens) document.getElementById(opens).showModal();
    else at.closest("dialog").close();
  });

  // ── keys ──
  let row = -1, go = 0;
  const move = (by) => {
    const rows = $$("[data-row]"), at = rows.indexOf(active());
    row = Math.max(0, Math.min(rows.length - 1, (at < 0 ? row : at) + by));
    rows[row]?.focus();
  };
  const press = (at) => {
    if (!at) return false;
    at.closest("details")?.setAttribute("open", "");
    if (at.matches("summary")) at = $("input:not([type=hidden]), textarea, select, button", at.parentElement) || at;
    else if (!at.matches("input, textarea, select")) { at.click(); return true; }
    at.focus();
    return true;
  };
  on("keydown", (e) => {
    const key = e.key, at = active();
    if (e.ctrlKey || e.metaKey) {
      const form = key === "Enter" && at?.closest("form"), by = form && ($("[data-main]", form) || $("button", form));
      if (by) form.requestSubmit(by);
      else if (key.toLowerCase() === "k") palette();
      else return;
      e.preventDefault();
      return;
    }
    if (e.altKey || typing(at) || $("dialog[open]") || document.body.dataset.keys === "off") return;
    let done = true;
    if (go) { clearTimeout(go); go = 0; done = press($(`nav.main [data-go="${CSS.escape(key)}"]`)); }
    else if (key === "g") go = setTimeout(() => { go = 0; }, 1500);
    else if (key === "j") move(1);
    else if (key === "k") move(-1);
    else if (key === "/") done = press($$("[data-search]").at(-1));
    else if (key === "?") $("#keys")?.showModal();
    else done = key.length === 1 && press($(`[data-key="${CSS.escape(key)}"]`));
    if (done) e.preventDefault();
  });

  // ── the palette: every link and command of the page, and the search for a case ──
  const palette = () => {
    const dialog = $("#palette");
    if (!dialog || dialog.open) return;
    const input = $("input", dialog), list = $("ul", dialog);
    const known = $$("nav.main a, main a[href^='/'], summary, [data-command]")
      .map((at) => [at.dataset.command || at.textContent.trim().replace(/\s+/g, " "), at]);
    const draw = () => {
      const wanted = input.value.trim().toLowerCase(), seen = new Set([""]);
      const rows = known.filter(([words]) => words.toLowerCase().includes(wanted) && !seen.has(words) && seen.add(words)).slice(0, 12);
      list.replaceChildren(...rows.map(([words, at]) => {
        const item = make("li");
        item.append(make("button", { type: "button", className: "plain", textContent: words, onclick: () => { dialog.close(); press(at); } }));
        return item;
      }));
    };
    input.value = "";
    input.oninput = draw;
    dialog.onkeydown = (e) => {
      const all = $$("button", list), at = all.indexOf(active()), { key } = e;
      if (key === "ArrowDown") all[Math.min(at + 1, all.length - 1)]?.focus();
      else if (key === "ArrowUp") (at > 0 ? all[at - 1] : input).focus();
      else if (key === "Enter" && at < 0) all[0]?.click();
      else return;
      e.preventDefault();
    };
    draw();
    dialog.showModal();
  };
  document.documentElement.classList.add("scripted");
  listen();
})();
