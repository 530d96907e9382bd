/** The user interface as the operator serves it: the same files as the server's, of which the cluster's page asks `/api/v1/cluster/*`. */
import type { ApiResponse, WebAssets } from "../../api/index.js";
// Not by the module's face, which loads a web server that this process does not need.
import * as userInterface from "../../api/routes/pages.js";
import type { Answer } from "./web.js";

const PAGES = ["/", "/cluster"];
const ASSETS = "/assets/";
/** Paths in answers are relative to the document: the host does not matter. */
const externalUrl = new URL("http://operator/");

/** Undefined where the path is none of its own. */
export function userInterfaceAnswer(web: WebAssets | undefined, path: string, encodings: string): Answer | undefined {
  if (PAGES.includes(path)) return answerOf(userInterface.page(undefined, { web, externalUrl }));
  if (!path.startsWith(ASSETS)) return undefined;
  const request = { pathParameters: { path: path.slice(ASSETS.length) }, header: () => encodings };
  return answerOf(userInterface.asset(request, { web }));
}

function answerOf({ status, contentType = "text/plain", headers = [], encoding, body }: ApiResponse): Answer {
  return {
    status,
    type: contentType,
    headers: Object.fromEntries(encoding === "gzip" ? [...headers, ["Content-Encoding", "gzip"]] : headers),
    // Neither is sent in pieces.
    body: body as string | Uint8Array,
  };
}
