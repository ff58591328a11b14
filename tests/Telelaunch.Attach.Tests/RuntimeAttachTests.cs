namespace Telelaunch.Attach.Tests;

public sealed class RuntimeAttachTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-attach-").FullName;

    [Theory]
    [InlineData("AttachProfiler failed - HRESULT: 0x80040111.", AttachAnswer.Called)]
    [InlineData("AttachProfiler failed - HRESULT: 0x8007007E.", AttachAnswer.NotLoaded)]
    [InlineData("AttachProfiler failed - HRESULT: 0x8007007F.", AttachAnswer.NotLoaded)]
    [InlineData("AttachProfiler failed - HRESULT: 0x80004005.", AttachAnswer.Failed)]
    [InlineData("AttachProfiler failed", AttachAnswer.Failed)]
    public void RuntimesAnswer_IsUnderstood(string message, AttachAnswer answer) => Assert.Equal(answer, RuntimeAttach.AnswerOf(message));

    [Theory]
    [InlineData("/no/such/library.so")]
    [InlineData("/etc/passwd")]
    public async Task LibraryThatCannotBeLoaded_IsTold_AndTheProcessGoesOn(string library)
    {
        await RunningApplicationTests.WithAsync(async process =>
        {
            var shim = Path.Combine(_folder, "lib.so");
            File.CreateSymbolicLink(shim, library);
            var result = await RuntimeAttach.CarryOutAsync(process.DiagnosticsSocket!, shim, AttachVerb.Attach, _folder, CancellationToken.None);
            Assert.Equal(AttachAnswer.NotLoaded, result.Answer);
            // No order is left beside it.
            Assert.Equal([shim], Directory.GetFiles(_folder));
            Assert.True(new DotnetProcesses().IsThere(process.ProcessId));
        });
    }

    [Fact]
    public async Task SocketWithoutARuntime_GivesNoAnswer()
    {
        var result = await RuntimeAttach.CarryOutAsync(Path.Combine(_folder, "gone"), Path.Combine(_folder, "lib.so"), AttachVerb.Attach, _folder, CancellationToken.None);
        Assert.Equal(AttachAnswer.NoAnswer, result.Answer);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
