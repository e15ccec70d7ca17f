using Muster.Faults;
using Muster.Gateway.Admin;

namespace Muster.Cli.Gateway;

/// <summary>Tasks of a gateway, page by page, and the one that somebody means.</summary>
internal static class TaskPages
{
    public const string Fix = "`muster tasks list` shows them.";
    private const int MostAPage = 500;

    /// <param name="query">What is wanted of them, as the admin door takes it.</param>
    public static async Task<IReadOnlyList<TaskEntry>> ReadAsync(
        AdminClient door,
        string query,
        int most,
        CancellationToken ct
    )
    {
        var tasks = new List<TaskEntry>();
        for (long? before = long.MaxValue; before is not null && tasks.Count < most; )
        {
            var page = await door.GetAsync(
                $"tasks?limit={Math.Min(MostAPage, most - tasks.Count)}&before={before}{query}",
                AdminJson.Plain.TaskPage,
                ct
            );
            tasks.AddRange(page.Tasks);
            before = page.Before;
        }
        return tasks;
    }

    public static async Task<TaskEntry> FindAsync(AdminClient door, string text, CancellationToken ct)
    {
        if (Guid.TryParse(text, out var id))
            return (await door.GetAsync($"tasks/{id}", AdminJson.Plain.TaskPage, ct, Fix)).Tasks[0];
        if (text == "last")
            return await ReadAsync(door, "", 1, ct) is [var newest]
                ? newest
                : throw new UserException(
                    "there is no task yet",
                    "Hand one in at the gateway's address, as at a node's."
                );
        if (text.All(letter => char.IsAsciiHexDigit(letter) || letter == '-'))
        {
            switch (await ReadAsync(door, $"&id={text}", 2, ct))
            {
                case [var one]:
                    return one;
                case [_, _]:
                    throw new UserException($"more than one task begins with '{text}'", "Write more of its id.");
            }
        }
        return (await ReadAsync(door, $"&name={Uri.EscapeDataString(text)}", MostAPage, ct)).FirstOrDefault(task =>
                task.Name.Equals(text, StringComparison.OrdinalIgnoreCase)
            ) ?? throw new UserException($"there is no task '{text}'", Fix);
    }
}
