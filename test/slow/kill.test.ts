import { afterEach, describe, expect, it } from 'vitest';
import { type Arena, arena, dispose, killRounds, raceRound, takeoverRound } from '../fault/processes.ts';

describe('processes that die and processes that race, the full number of rounds', () => {
  let place: Arena;
  afterEach(() => dispose(place));

  it('kill -9 under load, 150 rounds in a batch log', async () => {
    place = await arena('Ed25519', 'batch');
    const { acknowledged } = await killRounds(place, 150, 16);
    expect(acknowledged).toBeGreaterThan(5_000);
  });

  it('kill -9 under load, 50 rounds in a log that signs each entry', async () => {
    place = await arena('Ed25519', 'each');
    const { acknowledged } = await killRounds(place, 50, 8);
    expect(acknowledged).toBeGreaterThan(100);
  });

  it('two writer processes race, 50 rounds', async () => {
    place = await arena('Ed25519', 'batch');
    let refusals = 0;
    for (let round = 0; round < 50; round++) refusals += (await raceRound(place, 5)).refusals;
    expect(refusals).toBeGreaterThan(50);
  });

  it('a crashed holder’s lock is taken over by exactly one of 8 contenders, 30 rounds', async () => {
    place = await arena('Ed25519', 'each');
    for (let round = 0; round < 30; round++) await takeoverRound(place, 8);
  });
});
