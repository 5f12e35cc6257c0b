import type { Disk } from '../base/ports.ts';

/**
 * Give a file new contents, durably and in one step. Order, which is the safety argument: `<name>.new` written → synced → renamed →
 * the folder synced. Stopped anywhere before the rename the old contents stand, after it the new ones; never a part of either.
 * @param folder below the root, `''` the root itself; it must exist. @param bytes only read.
 */
export async function replaceFile(disk: Disk, folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = folder === '' ? name : `${folder}/${name}`;
  const fresh = `${path}.new`;
  if ((await disk.size(fresh)) !== null) await disk.remove(fresh);
  const file = await disk.create(fresh);
  try {
    await file.write(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(fresh, path);
  await disk.syncDir(folder);
}
