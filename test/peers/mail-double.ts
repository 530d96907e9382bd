/**
 * A mail server over loopback that says by the client's own name what it can: `login`, `plain`, `cram` offer that way to
 * authenticate, `starttls` offers TLS, several joined by a dash. It tells of each mail with what was said before it.
 */
import { createServer, type Server, type Socket } from "node:net";
import { createSecureContext, createServer as createTlsServer, TLSSocket } from "node:tls";
import { SERVER_CERTIFICATE, SERVER_KEY } from "../doubles/certificates.js";

export interface Mail {
  /** Authentication and the envelope. */
  readonly said: readonly string[];
  readonly lines: readonly string[];
}

const METHODS = ["login", "plain", "cram"] as const;
const CHALLENGE = Buffer.from("<1.2@test>").toString("base64");

export function startMail(onMail: (mail: Mail) => void): { readonly plain: Server; readonly tls: Server } {
  const credentials = { cert: SERVER_CERTIFICATE, key: SERVER_KEY };
  return {
    plain: createServer((socket) => speak(socket, [], onMail)),
    tls: createTlsServer(credentials, (socket) => speak(socket, ["TLS"], onMail)),
  };
}

function speak(socket: Socket, before: readonly string[], onMail: (mail: Mail) => void, isGreeted = false): void {
  let buffered = "";
  let state: "commands" | "login" | "cram" | "data" = "commands";
  let lines: string[] = [];
  let said = [...before];
  let offered = "";
  const answer = (text: string): void => void socket.write(`${text}\r\n`);
  const onData = (part: Buffer): void => {
    buffered += part.toString("latin1");
    for (let end = buffered.indexOf("\r\n"); end >= 0; end = buffered.indexOf("\r\n")) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 2);
      onLine(line);
    }
  };
  const onLine = (line: string): void => {
    if (state === "data") {
      if (line !== ".") lines.push(line.startsWith("..") ? line.slice(1) : line);
      else {
        state = "commands";
        onMail({ said, lines });
        [said, lines] = [[...before], []];
        answer("250 ok");
      }
    } else if (state === "login" || state === "cram") {
      said.push(Buffer.from(line, "base64").toString());
      const isFirst = state === "login" && !offered.startsWith("!");
      if (isFirst) offered = `!${offered}`;
      else state = "commands";
      answer(isFirst ? "334 UGFzc3dvcmQ6" : "235 welcome");
    } else onCommand(line);
  };
  const onCommand = (line: string): void => {
    const [verb = "", ...rest] = line.split(" ");
    const command = verb.toUpperCase();
    if (command === "EHLO") {
      offered = rest.join(" ");
      answer("250-test");
      const names = METHODS.filter((method) => offered.includes(method));
      const ways = names.map((name) => (name === "cram" ? "CRAM-MD5" : name.toUpperCase())).join(" ");
      if (ways !== "") answer(`250-AUTH ${ways}`);
      if (offered.includes("starttls") && before.length === 0) answer("250-STARTTLS");
      answer("250 8BITMIME");
    } else if (command === "STARTTLS") {
      answer("220 go");
      socket.removeListener("data", onData);
      const secureContext = createSecureContext({ cert: SERVER_CERTIFICATE, key: SERVER_KEY });
      speak(new TLSSocket(socket, { isServer: true, secureContext }), ["STARTTLS"], onMail, true);
    } else if (command === "AUTH") {
      const [method = "", first] = rest;
      said.push(`AUTH ${method}`);
      if (method === "CRAM-MD5") {
        state = "cram";
        answer(`334 ${CHALLENGE}`);
      } else if (method === "LOGIN") {
        state = "login";
        if (first === undefined) answer("334 VXNlcm5hbWU6");
        else onLine(first);
      } else {
        said.push(JSON.stringify(Buffer.from(first ?? "", "base64").toString()));
        answer("235 welcome");
      }
    } else if (command === "DATA") {
      state = "data";
      answer("354 go");
    } else if (command === "QUIT") socket.end("221 bye\r\n");
    else {
      if (command === "MAIL" || command === "RCPT") said.push(line.replace(/ (?:BODY|SIZE).*$/i, "").toUpperCase());
      answer("250 ok");
    }
  };
  socket.on("error", () => undefined);
  socket.on("data", onData);
  if (!isGreeted) answer("220 test ESMTP");
}
