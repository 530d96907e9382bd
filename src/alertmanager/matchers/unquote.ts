/** Go's quoted strings, as the template language reads them too. */
export { unquote as unquoteGo } from "../../template/literals.js";
