// The times that devices were without a stream, from its end to the next one that is ready.
// SPDX-License-Identifier: MIT

export class Gaps {
	begun = new Map(); // device → {at, code}, while it is without a stream
	list = []; // {ms, code, device, transport}; code: why its stream ended, 0 without a word

	/* Takes a note of a device: "stream.bye", "closed", "stream.ready" or "open". */
	note(device, note) {
		const { client, code } = note, isPoll = device.stream.transport === "poll";

		if (client === "stream.bye" || client === "closed")
			this.begin(device, code ?? 0);
		else if (client === "stream.ready" || (client === "open" && isPoll))
			this.end(device);
	}

	begin(device, code) {
		if (!this.begun.has(device))
			this.begun.set(device, { at: Date.now(), code });
	}

	end(device) {
		const begun = this.begun.get(device);

		if (begun)
			this.list.push({ ms: Date.now() - begun.at, code: begun.code, device: device.name, transport: device.stream.transport });
		this.begun.delete(device);
	}

	/* uninvited: gaps that no stream.bye with code 4001 (drain) announced. */
	summary() {
		const sorted = [...this.list].sort((a, b) => a.ms - b.ms);

		return {
			count: sorted.length, devices: new Set(sorted.map((g) => g.device)).size, uninvited: sorted.filter((g) => g.code !== 4001).length,
			median: sorted[sorted.length >> 1]?.ms, longest: sorted.slice(-3),
		};
	}
}
