/** The main thread's side of the rules: hands their queries to the pool, and the API's questions to them. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type {
  AlertHistoryQuery,
  AlertListener,
  AlertmanagerQuestion,
  RulesFilter,
  RulesService,
  ServiceAnswer,
} from "../../api/index.js";
import { failure } from "../../api/index.js";
import type { CollectedSamples } from "./rules-host.js";
import type { FromRules, RulesQuestion, ToRules } from "./rules-messages.js";
import { type PackedAnswers, type PackedQuestions, packAnswers } from "./rules-pack.js";

/** Rules that do not answer within this time are busy with something that should not take so long. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Evaluations under way, and alerts that wait to be sent, get this long at the end. */
const STOP_TIMEOUT_MS = 10_000;

export interface RuleQueryPool {
  /** Packed; the answer's data is PackedAnswers. */
  rules(questions: PackedQuestions): Promise<ServiceAnswer>;
}

export class RulesLink implements RulesService {
  /** For the control worker, which runs the rules. */
  readonly remotePort: MessagePort;
  readonly #port: MessagePort;
  readonly #questions = new Map<number, (answer: ServiceAnswer) => void>();
  readonly #listeners = new Map<number, AlertListener>();
  #pool: RuleQueryPool | undefined;
  #nextId = 1;
  #onStopped: (() => void) | undefined;

  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.remotePort = port2;
    port1.on("message", (message: FromRules) => this.#handle(message));
    port1.unref();
  }

  /** Evaluation may begin: storage is there. */
  begin(pool: RuleQueryPool): void {
    this.#pool = pool;
    this.#post({ type: "begin" });
  }

  /** Where results of a shard's series go. */
  setOwner(shard: number, port: MessagePort): void {
    this.#post({ type: "owner", shard, port }, [port]);
  }

  loseOwner(shard: number, reason: string): void {
    this.#post({ type: "owner-lost", shard, reason });
  }

  rules(filter: RulesFilter): Promise<ServiceAnswer> {
    return this.#ask({ kind: "rules", ...filter });
  }

  alerts(): Promise<ServiceAnswer> {
    return this.#ask({ kind: "alerts" });
  }

  alertHistory(query: AlertHistoryQuery): Promise<ServiceAnswer> {
    return this.#ask({ kind: "history", ...query });
  }

  watch(matchers: readonly string[], listener: AlertListener): () => void {
    const id = this.#nextId++;
    this.#listeners.set(id, listener);
    this.#post({ type: "watch", id, matchers });
    return () => {
      this.#listeners.delete(id);
      this.#post({ type: "unwatch", id });
    };
  }

  alertmanagers(): Promise<ServiceAnswer> {
    return this.#ask({ kind: "alertmanagers" });
  }

  askAlertmanager(url: string, question: AlertmanagerQuestion): Promise<ServiceAnswer> {
    return this.#ask({ kind: "ask-alertmanager", url, question });
  }

  relabelSteps(scrapePool: string, labelsJson: string): Promise<ServiceAnswer> {
    return this.#ask({ kind: "relabel-steps", scrapePool, labelsJson });
  }

  /** Metrics of rules and of the sending of alerts; none where they do not answer in time. */
  async metrics(): Promise<readonly CollectedSamples[]> {
    const answer = await this.#ask({ kind: "metrics" });
    return answer.kind === "data" ? (answer.data as readonly CollectedSamples[]) : [];
  }

  /** Resolves when no rule is evaluated any more and the alerts that wait have been sent, or have had their time. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, STOP_TIMEOUT_MS);
      this.#onStopped = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#post({ type: "stop" });
    });
  }

  #post(message: ToRules, transfer: readonly MessagePort[] = []): void {
    this.#port.postMessage(message, [...transfer]);
  }

  #ask(question: RulesQuestion): Promise<ServiceAnswer> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#questions.delete(id);
        resolve(failure("unavailable", "the rules did not answer in time"));
      }, ANSWER_TIMEOUT_MS);
      this.#questions.set(id, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#post({ type: "question", id, question });
    });
  }

  #handle(message: FromRules): void {
    switch (message.type) {
      case "queries":
        void this.#query(message.id, message.questions); // answers whatever happens
        return;
      case "answer":
        this.#questions.get(message.id)?.(message.answer);
        this.#questions.delete(message.id);
        return;
      case "watched":
        this.#listeners.get(message.id)?.onFirst(message.answer);
        return;
      case "changes":
        this.#listeners.get(message.id)?.onChanges(message.json);
        return;
      case "stopped":
        this.#onStopped?.();
    }
  }

  async #query(id: number, questions: PackedQuestions): Promise<void> {
    const answer = this.#pool === undefined ? undefined : await this.#pool.rules(questions);
    this.#post({ type: "answers", id, answers: answersOf(answer, questions) });
  }
}

function answersOf(answer: ServiceAnswer | undefined, { lists }: PackedQuestions): PackedAnswers {
  if (answer?.kind === "data") return answer.data as PackedAnswers;
  const error = answer?.kind === "failure" ? answer.message : "the query was not answered";
  const isCanceled = answer?.kind === "failure" && answer.errorType === "canceled";
  return packAnswers(lists.map(() => ({ error, isCanceled, seconds: 0 })));
}
