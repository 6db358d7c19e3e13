/** Takes the code of a link that was sent by e-mail out of the address, where no log and no server sees it. */

const form = document.querySelector("form[data-invitation]");
const code = location.hash.slice(1);
if (form && code) {
  form.elements.token.value = code;
  history.replaceState(null, "", location.pathname + location.search);
  form.querySelector("[type=password], [type=submit]").focus();
}
