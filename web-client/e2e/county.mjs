// A small county over the HTTP API, in which a lesson of the timetable begins in a moment; made as the installation's administrator.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MINUTE_MS = 60_000;
const SHANGHAI_MS = 8 * 60 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

export class County {
  constructor(stack) {
    this.stack = stack;
    this.token = readFileSync(join(stack.dir, 'data/secrets/admin-api-token'), 'utf8').trim();
  }

  async ask(method, path, body, token = this.token) {
    const headers = { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${this.stack.base}${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  async make(path, body) {
    return (await this.ask('POST', path, body)).id;
  }

  /** A master school and a teaching site, whose lesson is the first of a bell schedule that begins in two minutes. */
  async settle() {
    // The minute after the next, in Shanghai; also a minute before midnight.
    const startsAt = (Math.floor((Date.now() + SHANGHAI_MS) / MINUTE_MS) + 2) * MINUTE_MS;
    const day = new Date(startsAt).toISOString().slice(0, 10);
    const minute = (startsAt % DAY_MS) / MINUTE_MS;
    const weekday = ((new Date(startsAt).getUTCDay() + 6) % 7) + 1;
    const monday = new Date(startsAt - (weekday - 1) * DAY_MS).toISOString().slice(0, 10);
    const county = { parent_id: null, kind: 'county', code: '360100', name: '临江县' };
    this.county = await this.make('/api/orgs', county);
    const bells = await this.make('/api/bell-schedules', {
      org_id: this.county, name: '作息', periods: [{ period: 1, starts_min: minute, ends_min: Math.min(minute + 40, 1440) }],
    });
    await this.ask('PUT', `/api/orgs/${this.county}`, { ...county, bell_schedule_id: bells });
    // A weekend teaches nothing unless it makes a day up.
    const days = weekday > 5 ? [{ day, kind: 'make_up', follows_weekday: 1, name: '调休' }] : [];
    const term = await this.make('/api/terms', { org_id: this.county, name: '本学期', first_day: monday, weeks: 2, days });
    const school = (code, name) => this.make('/api/orgs', { parent_id: this.county, kind: 'school', code, name });
    const [master, site] = [await school('3601001', '中心小学'), await school('3601002', '河口教学点')];
    const studio = await this.make('/api/classrooms', { org_id: master, name: '录播室', max_receivers: 3 });
    this.room = await this.make('/api/classrooms', { org_id: site, name: '一教室', max_receivers: 0 });
    const pupils = await this.make('/api/classes', {
      org_id: site, code: 'C1', name: '三（1）班', grade: 3, size: 12, classroom_id: this.room,
      consent: { live: true, record: false, publish: false },
      subjects: [{ subject: '音乐', edition: '人音版', on_site_periods: 0 }],
    });
    const teacher = await this.make('/api/teachers', {
      org_id: master, code: 'T1', name: '李老师', max_weekly: 16, max_delivered: 4,
      subjects: [{ subject: '音乐', grade_from: 1, grade_to: 6, edition: '人音版' }],
    });
    this.lesson = { term, body: { subject: '音乐', grade: 3, teacher_id: teacher, classroom_id: studio, day, period: 1, class_ids: [pupils] } };
  }

  /** The lesson is on the timetable: it opens by itself, since it begins within ten minutes. */
  async schedule() {
    await this.ask('POST', `/api/terms/${this.lesson.term}/lessons`, this.lesson.body);
  }

  /** Somebody with this role at the county, who has set a password. */
  async somebody(login, role) {
    const password = '溪水东流归大海 2026';
    const id = await this.make('/api/accounts', { login, name: login, org_id: this.county, roles: [{ role, org_id: this.county }] });
    const { url } = await this.ask('POST', `/api/accounts/${id}/invitations`, {});
    await this.ask('POST', '/api/passwords', { invitation: url.split('#invitation.')[1], password }, null);
    return { login, password };
  }
}
