import { afterEach, describe, expect, it } from 'vitest';
import { type Arena, arena, dispose, killRounds, raceRound, takeoverRound } from './processes.ts';

// A part of test/slow/kill.test.ts, which does the full number of rounds.
describe('processes that die and processes that race', () => {
  let place: Arena;
  afterEach(() => dispose(place));

  it('kill -9 under load, 12 rounds: what was acknowledged on the pipe is in the reopened log', async () => {
    place = await arena('Ed25519', 'batch');
    const { acknowledged, signed, recoveries } = await killRounds(place, 12, 16);
    expect(acknowledged).toBeGreaterThan(100);
    expect(signed).toBeGreaterThan(10);
    expect(recoveries).toBeGreaterThan(5);
  });

  it('kill -9 under load with ML-DSA-65, 3 rounds', async () => {
    place = await arena('ML-DSA-65', 'each');
    await killRounds(place, 3, 4);
  });

  it('two writer processes race, 4 rounds: never a fork', async () => {
    place = await arena('Ed25519', 'each');
    let refusals = 0;
    for (let round = 0; round < 4; round++) refusals += (await raceRound(place, 5)).refusals;
    expect(refusals).toBeGreaterThan(0);
  });

  it('a crashed holder’s lock is taken over by exactly one of 5 contenders, 3 rounds', async () => {
    place = await arena('Ed25519', 'each');
    for (let round = 0; round < 3; round++) await takeoverRound(place, 5);
  });
});
