using Xunit;

namespace Telelaunch.EndToEnd.Machine;

/// <summary>A browser on a machine, without a window.</summary>
internal static class Chromium
{
    private static readonly string Screenshots = Path.Combine(TestCluster.Root, "artifacts", "screenshots");

    /// <summary>Loads a page and returns its document as it is when everything of it is loaded.</summary>
    /// <param name="screenshot">Keeps a picture of the page under this name in <c>artifacts/screenshots</c>.</param>
    public static async Task<string> LoadAsync(DeveloperMachine machine, string url, string? screenshot = null)
    {
        // A profile of its own: browsers that share one are one process.
        var profile = Directory.CreateTempSubdirectory("telelaunch-chromium-").FullName;
        try
        {
            // Root has no sandbox. What browsers do in the background isn't the test's.
            List<string> arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", $"--user-data-dir={profile}", "--dump-dom"];
            if (screenshot is not null)
            {
                Directory.CreateDirectory(Screenshots);
                arguments.AddRange(["--window-size=1000,700", $"--screenshot={Path.Combine(Screenshots, screenshot + ".png")}"]);
            }

            await using var run = await machine.RunAsync("chromium", [.. arguments, url]);
            Assert.True(run.ExitCode == 0, run.ToString());
            return run.Output;
        }
        finally
        {
            Directory.Delete(profile, recursive: true);
        }
    }
}
