namespace Telelaunch.Attach.Tests;

public sealed class AttachOrderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("telelaunch-order-").FullName;

    private string Shim => Path.Combine(_folder, "libtelelaunch.so");

    [Theory]
    [InlineData(AttachVerb.Attach, "attach\n/run/user/1000/telelaunch/x\n")]
    [InlineData(AttachVerb.Detach, "detach\n/run/user/1000/telelaunch/x\n")]
    public void LiesBesideTheShim_UnderTheGuidsBytes_ForTheOwnerAlone_AndIsGoneAfterwards(AttachVerb verb, string text)
    {
        using (var order = AttachOrder.Write(Shim, verb, "/run/user/1000/telelaunch/x"))
        {
            var file = Assert.Single(Directory.GetFiles(_folder));
            // As the shim sees a GUID in memory: the first three fields in the machine's order.
            Assert.Equal(string.Concat(order.Id.ToByteArray().Select(value => value.ToString("x2", System.Globalization.CultureInfo.InvariantCulture))), Path.GetFileName(file));
            Assert.Equal(text, File.ReadAllText(file));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void EachOrder_HasItsOwnGuid()
    {
        using var one = AttachOrder.Write(Shim, AttachVerb.Attach, "/x");
        using var other = AttachOrder.Write(Shim, AttachVerb.Attach, "/x");
        Assert.NotEqual(one.Id, other.Id);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
