/** A plain HTTP exchange with a server on this machine. */
import { request } from "node:http";

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly form?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export function exchange(port: number, { method, path, form, headers, body }: Exchange): Promise<Received> {
  const sent = form === undefined ? body : Buffer.from(form);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        agent: false,
        headers: {
          ...(form === undefined ? {} : { "Content-Type": "application/x-www-form-urlencoded" }),
          ...(sent === undefined ? {} : { "Content-Length": String(sent.length) }),
          ...headers,
        },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on("data", (part: Buffer) => parts.push(part));
        response.on("error", reject);
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(sent);
  });
}
