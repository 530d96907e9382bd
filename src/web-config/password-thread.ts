/** The thread that checks passwords, one after the other. */
import type { MessagePort } from "node:worker_threads";
import { compareSync } from "bcryptjs";
import type { PasswordAnswer, PasswordQuestion } from "./passwords.js";

export function runPasswordThread(port: MessagePort): void {
  port.on("message", ({ id, password, hash }: PasswordQuestion) => {
    port.postMessage({ id, isRight: compareSync(password, hash) } satisfies PasswordAnswer);
  });
}
