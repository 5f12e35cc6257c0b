import { DAYS, type TimesRule } from './policy-schema.ts';

/** Make the test of a rule's times. A window whose end is not after its begin goes over midnight; its day is the one it began on. */
export function timesTest({ days, from = '00:00', to = '24:00', zone = 'UTC' }: TimesRule): (nowMs: number) => boolean {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const begin = minutes(from);
  const end = minutes(to);
  const isDay = (index: number): boolean => days === undefined || days.includes(DAYS[(index + 7) % 7]!);
  return (nowMs) => {
    const parts = new Map(format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
    const day = DAYS.indexOf(parts.get('weekday')!.toLowerCase() as (typeof DAYS)[number]);
    const now = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
    if (begin < end) return isDay(day) && now >= begin && now < end;
    return (isDay(day) && now >= begin) || (isDay(day - 1) && now < end);
  };
}

function minutes(time: string): number {
  const [hour, minute] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}
