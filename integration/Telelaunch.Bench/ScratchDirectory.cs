namespace Telelaunch.Bench;

/// <summary>A directory of the run's own, mode 0700; removed with everything in it.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("telelaunch-bench-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
