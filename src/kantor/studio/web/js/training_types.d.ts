/** Shapes of `/api/trainings`: see `kantor.studio.training`. */
import type { Hearing } from "./types.js";

export interface Criterion {
  name: "budget" | "time" | "critic" | "converged";
  share: number;
  met: boolean;
  text: string;
}

export interface Finding {
  iteration: number;
  kind: string;
  message: string;
  fatal: boolean;
  advice: string;
}

export interface Current {
  id: string;
  status: "none" | "running" | "stopping" | "done" | "stopped" | "failed" | "elsewhere";
  holder: string;
  message: string;
  began: string;
  ended: string;
  preset: string;
  changed: string[];
  flow: boolean;
  stage: string;
  stages: { name: string; state: string }[];
  resumed: number;
  lines: string[];
  film: { state: "none" | "making" | "ready" | "failed"; message?: string };
  iteration: number;
  of: number;
  warmup: number;
  phase: string;
  seconds: number;
  left: number | null;
  figures: Record<string, number>;
  metrics: Record<string, number | null>;
  health: Finding[];
  stopped_by: string;
  stop: Criterion[];
  rows: number;
  frames: number[];
}

export interface Setting {
  key: string;
  label: string;
  group: string;
  low: number;
  high: number;
  step: number;
  what: string;
}

export interface Form {
  preset: string;
  presets: { name: string; label: string; what: string; values: Record<string, number> }[];
  settings: Setting[];
  sources: { path: string; kind: string; label: string; chosen: boolean; files: number }[];
}

export interface Run {
  id: string;
  began: string;
  ended: string;
  status: string;
  message: string;
  preset: string;
  changed: string[];
  film: boolean;
}

export interface Trainings {
  form: Form;
  current: Current;
  runs: Run[];
}

export interface Course {
  columns: Record<string, (number | string | null)[]>;
  reference: Record<string, { mean: number; sd: number }>;
  labels: Record<string, string>;
}

export interface Frame extends Hearing {
  bar_lines: number[];
  lines: (Hearing["lines"][number] & { name: string; colour: string })[];
}

export interface ComparedRow {
  name: string;
  label: string;
  role: "primary" | "guarded" | "shown";
  bar: number;
  bach: number | null;
  champion: number | null;
  challenger: number | null;
  gain: number | null;
  low: number | null;
  high: number | null;
  passes: boolean;
}

export interface Comparison {
  name: string;
  challenger: number;
  champion: number;
  verdict: "promote" | "keep";
  title: string;
  measured: string;
  reasons: string[];
  rows: ComparedRow[];
}

export interface Move {
  what: string;
  at: string;
  by: string;
  before: number | null;
  after: number | null;
  why: string;
  overrode: string[];
  line: string;
}
