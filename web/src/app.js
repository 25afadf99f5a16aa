// Conveniences only: every page reads and submits without this script.
import "htmx.org";

const ready = (run) =>
  document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", run) : run();

ready(() => {
  // The error summary takes the focus, so that a screen reader reads it first.
  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();

  document.querySelectorAll("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  // A form that was filled in asks before it is left; submitting it does not.
  const form = document.querySelector("form[data-guard]");
  if (form) {
    let dirty = false;
    form.addEventListener("input", () => { dirty = true; });
    form.addEventListener("submit", () => { dirty = false; });
    window.addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });
  }
});

// What a stranger fills in is kept in this tab, and put back into the form after the login.
const CARRIED = "dossier";
const OWN = new Set(["csrf", "draft", "revision", "number", "once", "restored"]);
const carry = (form) => {
  const typed = [...new FormData(form)].filter(([name, value]) => value && !OWN.has(name));
  if (!typed.length) return;
  try {
    sessionStorage.setItem(CARRIED, JSON.stringify(typed));
  } catch {
    // Forbidden or full: then nothing is carried over, as without a script.
  }
};
const carried = () => {
  try {
    return JSON.parse(sessionStorage.getItem(CARRIED) || "[]");
  } catch {
    return [];
  }
};
const putBack = (typed, csrf) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = "/assess/edit";
  [["csrf", csrf], ["restored", "1"], ...typed].forEach(([name, value]) => {
    const input = form.appendChild(document.createElement("input"));
    input.type = "hidden";
    input.name = name;
    input.value = value;
  });
  document.body.append(form);
  form.submit();
};
ready(() => {
  const dossier = document.getElementById("dossier");
  const leave = document.querySelector("form[action='/logout']");
  if (!leave) {
    const sent = document.querySelector("#checked, #again, #dossier[data-sent]");
    if (sent) carry(sent);
    if (dossier) dossier.addEventListener("input", () => carry(dossier));
    document.querySelectorAll("[data-carried]").forEach((item) => { item.hidden = false; });
    document.querySelectorAll("[data-uncarried]").forEach((item) => { item.hidden = true; });
    return;
  }
  const forget = () => sessionStorage.removeItem(CARRIED);
  leave.addEventListener("submit", forget);
  // Put back, it is kept as a draft from here on.
  if (document.querySelector("[data-restored]")) return forget();
  const typed = carried();
  if (!typed.length) return;
  if (dossier && dossier.matches("[data-blank]")) {
    putBack(typed, dossier.querySelector("[name=csrf]").value);
  } else if (!dossier) {
    const note = document.createElement("div");
    note.className = "note";
    note.setAttribute("role", "status");
    const link = document.createElement("a");
    link.href = "/assess";
    link.textContent = "继续填写";
    const words = note.appendChild(document.createElement("p"));
    words.append("登录前填写的申报材料还没有提交。", link);
    document.getElementById("main").prepend(note);
  }
});

// What was kept before stays on the page where keeping fails, so the failure is written in its place.
// Who has logged in again elsewhere goes on here: the forms get the token of the new login.
const EXPIRED = [401, 403];
const renew = async () => {
  const page = new DOMParser().parseFromString(await (await fetch("/login")).text(), "text/html");
  const token = page.querySelector("[name=csrf]").value;
  const own = document.querySelector("#dossier [name=csrf]");
  if (!token || !own || own.value === token) return;
  document.querySelectorAll("[name=csrf]").forEach((input) => { input.value = token; });
  own.dispatchEvent(new Event("change", { bubbles: true }));
};
const unkept = (event) => {
  const kept = document.getElementById("kept");
  if (!kept || !kept.contains(event.target)) return;
  const expired = EXPIRED.includes(event.detail?.ctx?.response?.status);
  // Not all of it is replaced: it also holds the number of the draft.
  const told = kept.querySelector("p") || kept.appendChild(document.createElement("p"));
  told.textContent = expired
    ? "没有保存：登录已过期。请另开一页登录，再回到这一页，填好的会自动保存。"
    : "没有保存，请检查网络，或点“保存草稿”再试。";
  if (expired) window.addEventListener("focus", renew, { once: true });
};
document.addEventListener("htmx:response:error", unkept);
document.addEventListener("htmx:error", unkept);

// A link that leads into something folded unfolds it.
const unfold = () => {
  const meant = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = meant; at; at = at.parentElement) if (at.matches("details")) at.open = true;
  if (meant) meant.scrollIntoView();
};
ready(unfold);
window.addEventListener("hashchange", unfold);

// What is still missing is printed even where it is folded; the rest only where it is open.
let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.printed:not([open])")];
  opened.forEach((item) => { item.open = true; });
});
window.addEventListener("afterprint", () => {
  opened.forEach((item) => { item.open = false; });
});

// Passkeys: the browser asks for a challenge, has the device sign it, and submits the form with that.
ready(() => {
  const usable = window.PublicKeyCredential?.parseCreationOptionsFromJSON;
  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    if (!usable) return;
    form.hidden = false;
    const wrong = form.querySelector(".mistake");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      wrong.hidden = true;
      try {
        const answer = await fetch(form.dataset.options, {
          method: "POST",
          body: new URLSearchParams(new FormData(form)),
        });
        const told = await answer.json();
        if (!answer.ok) throw new Error(told.detail);
        const made =
          form.dataset.passkey === "create"
            ? await navigator.credentials.create({
                publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(told),
              })
            : await navigator.credentials.get({
                publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(told),
              });
        form.elements.credential.value = JSON.stringify(made.toJSON());
        form.submit();
      } catch (error) {
        wrong.textContent =
          error instanceof DOMException ? "没有办成：设备没有答复，或者被取消了" : error.message;
        wrong.hidden = false;
      }
    });
  });
});

// What the answers so far make irrelevant is folded away as they are typed; what is under the hand stays.
ready(() => {
  const asked = document.getElementById("asked");
  if (!asked) return;
  document.querySelectorAll("[data-plain]").forEach((button) => { button.hidden = true; });
  const label = (field) => field.querySelector("label, caption").firstChild.textContent.trim();
  const fold = () => {
    const told = asked.querySelector("[data-idle]");
    if (!told) return;
    const idle = new Set(told.dataset.idle.split(" "));
    document.querySelectorAll("#dossier fieldset").forEach((section) => {
      const box = section.querySelector("details.idle");
      if (!box) return; // What no rule reads is never folded away.
      const [shown, folded] = section.querySelectorAll(".fields");
      [...folded.children].forEach((field) => { if (!idle.has(field.dataset.field)) shown.append(field); });
      [...shown.children].forEach((field) => {
        if (idle.has(field.dataset.field) && !field.contains(document.activeElement)) folded.append(field);
      });
      const names = [...folded.children].map(label);
      box.hidden = !names.length;
      box.querySelector("[data-count]").textContent = names.length;
      box.querySelector("[data-names]").textContent = names.join("、");
    });
  };
  new MutationObserver(fold).observe(asked, { childList: true });
});
